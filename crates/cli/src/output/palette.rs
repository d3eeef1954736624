//! Colour: a handful of tones, and none where nobody would see them.

use super::Surface;

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a piece of text is, seen from its reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// It asks for attention.
    Warn,
    /// It is happening.
    Active,
    /// It matters most on its line.
    Strong,
    /// It is there for whoever looks.
    Dim,
}

/// How tones are shown on one stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Palette {
    /// Not at all.
    Plain,
    /// With the terminal's own sixteen colours, so that its theme decides.
    Colour,
}

impl Palette {
    /// The palette of a stream.
    pub(crate) fn of(choice: ColorChoice, surface: Surface) -> Self {
        let wanted = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                surface.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        if wanted { Self::Colour } else { Self::Plain }
    }

    /// The text in its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warn => "33",
            Tone::Active => "36",
            Tone::Strong => "1",
            Tone::Dim => "2",
        };
        match self {
            Self::Colour if text.is_empty() => String::new(),
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    /// The text in the tone of what is there for whoever looks.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Tone::Dim, text)
    }

    /// The text in the tone of what matters most.
    pub(crate) fn strong(self, text: &str) -> String {
        self.paint(Tone::Strong, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gets_colour_only_when_told_so() {
        assert_eq!(Palette::of(ColorChoice::Auto, Surface::Plain), Palette::Plain);
        assert_eq!(Palette::of(ColorChoice::Always, Surface::Plain), Palette::Colour);
        assert_eq!(Palette::of(ColorChoice::Never, Surface::Terminal { columns: 80 }), Palette::Plain);
        assert_eq!(Palette::Colour.paint(Tone::Good, "✓"), "\x1b[32m✓\x1b[0m");
    }
}
