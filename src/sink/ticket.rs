/// What a sink gives for an entry or a flush, to be asked later whether it is durable.
///
/// A sink without a queue gives [`Ticket::DONE`]. A number means what the sink that gave it says; a
/// fan-out keeps one ticket for each of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(Place);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Done,
    Lost,
    Number(u64),
    Parts(Box<[Ticket]>),
}

impl Ticket {
    /// There is nothing to wait for: the entry is where it goes, or nobody asked for more than the queue.
    pub const DONE: Self = Self(Place::Done);

    /// The sink could not take the entry: it is lost, and the recorder counts it.
    pub const LOST: Self = Self(Place::Lost);

    /// The entry has this place in the sink's queue.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self(Place::Number(number))
    }

    /// One ticket for each member of a sink of sinks.
    #[must_use]
    pub fn parts(parts: Vec<Self>) -> Self {
        Self(Place::Parts(parts.into_boxed_slice()))
    }

    /// The place in the queue, where there is one.
    #[must_use]
    pub fn as_number(&self) -> Option<u64> {
        match self.0 {
            Place::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The members' tickets, where the sink is one of sinks.
    #[must_use]
    pub fn as_parts(&self) -> Option<&[Self]> {
        match &self.0 {
            Place::Parts(parts) => Some(parts),
            _ => None,
        }
    }

    /// True where there is nothing to wait for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.0, Place::Done)
    }

    /// True where the sink could not take the entry.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.0, Place::Lost)
    }
}
