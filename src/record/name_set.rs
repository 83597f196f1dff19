//! Names that are looked up for every member of every answer.

/// So many bytes or more count as one length.
const LONG: usize = 63;

/// A set of names: most others are ruled out by their length and first letter.
#[derive(Debug, Default)]
pub(super) struct NameSet {
    by_length: Vec<Vec<String>>,
    /// For each first letter, by its lowest five bits, a bit for each length.
    lengths: [u64; 32],
}

impl NameSet {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut set = Self::default();
        for name in names {
            set.lengths[first_letter(name)] |= length_bit(name);
            let length = length_of(name);
            if set.by_length.len() <= length {
                set.by_length.resize_with(length + 1, Vec::new);
            }
            set.by_length[length].push(name.to_owned());
        }
        set
    }

    #[inline]
    pub(super) fn contains(&self, name: &str) -> bool {
        self.lengths[first_letter(name)] & length_bit(name) != 0 && self.is_one_of_its_length(name)
    }

    fn is_one_of_its_length(&self, name: &str) -> bool {
        let alike = self.by_length.get(length_of(name));
        alike.is_some_and(|alike| alike.iter().any(|known| known == name))
    }
}

fn first_letter(name: &str) -> usize {
    name.bytes()
        .next()
        .map_or(0, |first| usize::from(first & 31))
}

fn length_of(name: &str) -> usize {
    name.len().min(LONG)
}

fn length_bit(name: &str) -> u64 {
    1 << length_of(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_its_names_and_no_others() {
        let long = "n".repeat(70);
        let names = ["status", "state", "", "id", long.as_str()];
        let set = NameSet::new(names.into_iter());
        for name in names {
            assert!(set.contains(name), "{name}");
        }
        for name in [
            "statu",
            "statut",
            "State",
            "x",
            "ie",
            &"n".repeat(71),
            &"n".repeat(69),
        ] {
            assert!(!set.contains(name), "{name}");
        }
        assert!(!NameSet::default().contains(""));
    }
}
