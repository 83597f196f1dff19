/// What a tool is said to do to its surroundings, as the annotations of MCP put it.
///
/// It is a hint by whoever wrote the tool, and no promise. A [`Policy`](crate::Policy) asks for a record of intent
/// before calls of tools that are said to be destructive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolEffect {
    /// It changes nothing (`readOnlyHint`).
    ReadOnly,
    /// It adds, and neither changes nor removes what is there (`destructiveHint: false`).
    Additive,
    /// It may change or remove what is there (`destructiveHint`).
    Destructive,
}
