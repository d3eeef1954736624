//! The one source of chance: splitmix64, so that a seed means the same on every machine and in every version.

use mainspring_types::Hasher;

/// A stream of numbers that follows from its seed.
#[derive(Clone)]
pub(super) struct Prng(u64);

impl Prng {
    /// The stream that belongs to these words: whoever asks about the same gets the same.
    pub(super) fn about(seed: u64, words: &[&str]) -> Self {
        let mut hasher = Hasher::new();
        hasher.field(&seed.to_be_bytes());
        for word in words {
            hasher.field(word.as_bytes());
        }
        let hash = hasher.finish();
        let (head, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Self(u64::from_be_bytes(*head))
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.draw()) * u128::from(bound);
        u64::try_from(wide >> 64).expect("the upper half of 128 bits")
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `from`; `None` when there is nothing to choose from.
    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let index = self.below((from.len() as u64).max(1));
        from.get(usize::try_from(index).expect("below a usize")).cloned()
    }

    /// One of `from`, each as often as its weight says.
    pub(super) fn weigh<T: Clone>(&mut self, from: &[(u64, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        let fits = |(weight, _): &&(u64, T)| {
            let here = left < *weight;
            left = left.saturating_sub(*weight);
            here
        };
        from.iter().find(fits).expect("the number is below the sum of the weights").1.clone()
    }
}
