use crate::by_tool::ByTool;

/// What a tool does with the records that it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToolAction {
    /// It makes one.
    Create,
    /// It shows one that was asked for by its name.
    Read,
    /// It changes one.
    Update,
    /// It removes one.
    Delete,
    /// It searches.
    Query,
}

impl ToolAction {
    /// Every action.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Query,
    ];

    /// The action's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Query => "query",
        }
    }

    /// The action of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// Which tools read, create, update, delete or query.
///
/// A record does not say what a tool does, and a name such as `get_order` proves nothing, so it is declared here. A
/// call of a tool that is not declared is exported as the execution of a program.
///
/// ```
/// use tool_audit::export::{ToolAction, ToolActions};
///
/// let actions = ToolActions::new()
///     .tool("get_*", ToolAction::Read)
///     .tool("get_matching_patients", ToolAction::Query);
/// assert_eq!(actions.of("get_patient"), Some(ToolAction::Read));
/// assert_eq!(actions.of("get_matching_patients"), Some(ToolAction::Query));
/// assert_eq!(actions.of("charge_payment"), None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ToolActions(ByTool<ToolAction>);

impl ToolActions {
    /// No tool is declared.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a tool, or, with `*` for any letters in its name, several. An exact name outweighs patterns, and of
    /// those the one with the most letters counts. What is declared twice is what was said last.
    #[must_use]
    pub fn tool(mut self, name: &str, action: ToolAction) -> Self {
        self.0.insert(name, action);
        self
    }

    /// What a tool was declared to do.
    #[must_use]
    pub fn of(&self, tool: &str) -> Option<ToolAction> {
        self.0.find(tool)
    }
}
