//! Closed sets of words: an enum whose variants are written, stored and sent as one word each.

/// Declares such an enum with its words, in the order in which they are listed to a person. The caller depends on serde.
///
/// ```
/// mainspring_types::words! {
///     /// How a door stands.
///     Door:
///     /// It lets in.
///     Open = "open",
///     /// It does not.
///     Shut = "shut",
/// }
/// assert_eq!(Door::from_word("shut"), Some(Door::Shut));
/// assert_eq!(Door::ALL.iter().map(ToString::to_string).collect::<Vec<_>>(), ["open", "shut"]);
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$each:meta])* $variant:ident = $word:literal,)+) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$each])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Every one, by its word.
            pub const WORDS: &[(&str, Self)] = &[$(($word, Self::$variant),)+];

            /// The word as it is written, stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one that the word names.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
