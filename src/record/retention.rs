/// A retention class: how long records of certain tools are kept, and how safe they must be.
///
/// Each class has a log of its own, so that expired records are always whole segments at a log's start
/// (FORMAT section 1).
///
/// ```
/// use tool_audit::RetentionClass;
///
/// let financial = RetentionClass::new("financial").days(2555).tools(["charge_payment", "issue_refund"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionClass {
    pub(super) name: String,
    pub(super) days: Option<u32>,
    pub(super) tools: Vec<String>,
}

impl RetentionClass {
    /// A class whose records never expire and to which no tool belongs yet.
    ///
    /// The name becomes a folder's: lower-case letters, digits, `-` and `_`, at most 64. The hash-chain
    /// sink keeps the records of a class with any other name in its log `general`. In records the name stands
    /// as the sanitizer writes it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            days: None,
            tools: Vec::new(),
        }
    }

    /// Records may go after this many days, counted from the day of the call.
    #[must_use]
    pub fn days(mut self, days: u32) -> Self {
        self.days = Some(days);
        self
    }

    /// Adds tools by their exact names.
    #[must_use]
    pub fn tools<I>(mut self, tools: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.tools.extend(tools.into_iter().map(Into::into));
        self
    }
}
