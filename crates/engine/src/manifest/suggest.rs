//! "Did you mean": the known word nearest to an unknown one.

/// The candidate that a typing mistake most likely stood for, if one is near enough.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(64).collect::<String>().to_lowercase();
    // One mistake in a short word, one per three letters in a long one.
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn distance(word: &str, candidate: &str) -> usize {
    // Somebody who writes `background_color` or `tick-rate` has the right word within.
    let same_words = |text: &str| text.replace(['-', '_', ' '], "");
    if same_words(word) == same_words(candidate) {
        return 0;
    }
    strsim::damerau_levenshtein(word, candidate)
}

/// `a`, `a or b`, `a, b or c`, each in backquotes.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_word() {
        let words = ["title", "name", "memory_max", "deadline_ms"];
        for (typed, meant) in [
            ("titel", Some("title")),
            ("Name", Some("name")),
            ("memory-max", Some("memory_max")),
            ("deadlin_ms", Some("deadline_ms")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, words), meant, "{typed}");
        }
    }

    #[test]
    fn lists_words() {
        assert_eq!(one_of([]), "");
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
