//! Decides by seed what becomes of each thing that the power failure caught.

/// The source of all fates of one image.
#[derive(Debug)]
pub(super) enum Luck {
    /// Nothing survives that was not synced.
    Bad,
    /// Everything survives.
    Good,
    /// Each fate is drawn; the state of a splitmix64 generator.
    Drawn(u64),
}

/// What becomes of one change of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Lost,
    Kept,
    Torn(Tear),
}

/// Which sectors of a torn write reached the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tear {
    /// So many from the front.
    Front(usize),
    /// Any.
    Scattered,
}

impl Luck {
    pub(super) fn of(seed: u64, cut: usize) -> Luck {
        match seed {
            0 => Luck::Bad,
            1 => Luck::Good,
            _ => Luck::Drawn(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ cut as u64),
        }
    }

    /// One of `count` states in a row, the oldest under bad luck and the newest under good luck.
    pub(super) fn pick(&mut self, count: usize) -> usize {
        match self {
            Luck::Bad => 0,
            Luck::Good => count - 1,
            Luck::Drawn(state) => draw(state, count),
        }
    }

    /// The fate of a change that touches so many sectors.
    pub(super) fn fate(&mut self, sectors: usize) -> Fate {
        match self {
            Luck::Bad => Fate::Lost,
            Luck::Good => Fate::Kept,
            Luck::Drawn(state) => match draw(state, 4) {
                0 => Fate::Lost,
                1 => Fate::Kept,
                2 => Fate::Torn(Tear::Front(draw(state, sectors.max(1)))),
                _ => Fate::Torn(Tear::Scattered),
            },
        }
    }

    pub(super) fn coin(&mut self) -> bool {
        self.pick(2) == 1
    }

    pub(super) fn noise(&mut self) -> u8 {
        u8::try_from(self.pick(256)).expect("a number below 256 is a byte")
    }
}

/// A number below `count`, by splitmix64: no dependency, and the same image from a seed for ever.
fn draw(state: &mut u64, count: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) % count as u64).expect("below a usize")
}
