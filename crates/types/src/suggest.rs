//! "Did you mean": the nearest known word to one that was mistyped.

/// The known word closest to `wrong`, if it is close enough to be a slip of the hand.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong, at least one and at most three: beyond that a guess misleads.
    let tolerated = (wrong.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&wrong.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let methods = ["generate_code", "explain_code", "validate_code"];
        assert_eq!(nearest("genrate_code", methods), Some("generate_code"));
        assert_eq!(nearest("Explain_Code", methods), Some("explain_code"));
        assert_eq!(nearest("deploy", methods), None);
    }
}
