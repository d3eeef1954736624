//! What happens when an agent that is repeated asks for something other than what is recorded.

/// What happens to a run whose repeated agent leaves the recorded path.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Divergence {
    /// The run ends with an error.
    Fail,
    /// The run goes on with new calls; what was recorded after that place is not served any more.
    #[default]
    Live,
    /// The run waits for somebody to decide.
    Ask,
}

impl Divergence {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Live, Self::Ask];

    /// The word as written in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Live => "live",
            Self::Ask => "ask",
        }
    }
}
