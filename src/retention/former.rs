use super::segments::Segments;
use crate::log::prune::Pruned;
use crate::log::read::{Line, LineReader};
use crate::log::{LogError, RecordHash, RecordHead};

/// The newest prune that the log tells of, looked for from its end.
pub(super) fn newest(log: &mut impl Segments, names: &[u64]) -> Result<Option<Pruned>, LogError> {
    for &name in names.iter().rev() {
        let mut found = None;
        log.read(name, &mut |reader| {
            let mut lines = LineReader::new(reader);
            while let Some(line) = lines.next_line()? {
                let Line::Whole(line) = line else { continue };
                if let Some(head) = RecordHead::parse(line)
                    && head.kind == Pruned::KIND
                    && head.hash == RecordHash::of_line(line)
                {
                    found = Pruned::read(&head, line).or(found.take());
                }
            }
            Ok(())
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
