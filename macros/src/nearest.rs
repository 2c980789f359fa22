//! The name that was probably meant.

/// Fewer letters than this are part of too many names to mean one.
const PART_LEN_MIN: usize = 3;

/// The candidate that `word` is a misspelling or a part of.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let edits = distance(&word, candidate);
            let typo = edits <= word.len().max(candidate.len()) / 3;
            let shorter = word.len().min(candidate.len());
            let part = shorter >= PART_LEN_MIN && (word.contains(candidate) || candidate.contains(&word));
            (typo || part).then_some((edits, candidate))
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// What to say where there is none: the candidates.
pub fn there_are<'a>(candidates: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    format!("there are {}", names.join(", "))
}

/// How many letters must be inserted, removed, replaced or swapped to turn `from` into `to`.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    // The distance between the first `i` letters of one and the first `j` of the other.
    let mut edits = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            if i == 0 || j == 0 {
                edits[i][j] = i + j;
                continue;
            }
            let differs = usize::from(from[i - 1] != to[j - 1]);
            let replaced = edits[i - 1][j - 1] + differs;
            edits[i][j] = replaced.min(edits[i - 1][j] + 1).min(edits[i][j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                edits[i][j] = edits[i][j].min(edits[i - 2][j - 2] + 1);
            }
        }
    }
    edits[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
        assert_eq!(distance("debgu", "debug"), 1);
    }

    #[test]
    fn finds_misspelt_names_and_parts_of_names() {
        let names = ["shards", "memory", "reserve_memory", "default_log_level"];
        assert_eq!(nearest("shard", names), Some("shards"));
        assert_eq!(nearest("shrads", names), Some("shards"));
        assert_eq!(nearest("MEMORY", names), Some("memory"));
        assert_eq!(nearest("log_level", names), Some("default_log_level"));
        assert_eq!(nearest("warning", ["warn", "error"]), Some("warn"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("m", names), None);
    }
}
