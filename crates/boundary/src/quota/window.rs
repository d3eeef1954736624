//! How many calls may be in flight at once: grows as calls are accepted, halves at a 429.

/// What an account begins with: enough for most, and little enough that a first burst teaches cheaply.
const BEGINS_AT: u32 = 16;

/// Beyond this the window is no limit any more.
const MAX: u32 = 4096;

/// It never halves below this: fewer at once is a matter of rate, which the pace learns more exactly.
const LEAST: u32 = 4;

/// Near a known bound, the window grows by one for so many accepted calls.
///
/// Fewer would meet the bound too often; one for each window, as in TCP, would take a thousand calls to find out that a
/// bound has moved, or that it was one of the rate, which the pace keeps.
const SLOWLY: u32 = 4;

/// The window of calls in flight.
#[derive(Debug)]
pub(super) struct Window {
    size: u32,
    /// Up to here it grows by one for every accepted call.
    fast_until: u32,
    /// Accepted calls since the window last grew.
    credit: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: BEGINS_AT, fast_until: MAX, credit: 0 }
    }
}

impl Window {
    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    pub(super) fn has_room(&self, in_flight: usize) -> bool {
        in_flight < self.size as usize
    }

    /// A call was accepted while so many, itself included, were in flight.
    pub(super) fn accepted(&mut self, in_flight: usize) {
        // A window that is not used to the full has proved nothing about its size.
        if self.has_room(in_flight) || self.size == MAX {
            return;
        }
        self.credit += 1;
        if self.size < self.fast_until || self.credit >= SLOWLY {
            self.size += 1;
            self.credit = 0;
        }
    }

    /// A call met a 429 while so many, itself included, were in flight.
    pub(super) fn limited(&mut self, in_flight: usize) {
        let met_at = u32::try_from(in_flight).unwrap_or(MAX).min(self.size);
        // With little in flight it was the rate that was too high, and that is for the pace to learn.
        if met_at < self.size / 2 {
            return;
        }
        *self = Self { size: (met_at / 2).max(LEAST), fast_until: met_at - met_at.div_ceil(8), credit: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_fast_until_a_bound_is_met_halves_and_nears_the_bound_slowly() {
        let mut window = Window::default();
        (1..=16).for_each(|in_flight| window.accepted(in_flight));
        assert_eq!(window.size, 17, "fifteen of them left room");
        window.limited(12);
        assert_eq!(window.size, 6);
        (0..4).for_each(|_| window.accepted(12));
        assert_eq!(window.size, 10, "two below the bound");
        (0..4).for_each(|_| window.accepted(12));
        assert_eq!(window.size, 11);
        window.limited(4);
        assert_eq!(window.size, 11, "so few were not too many");
        (0..3).for_each(|_| window.limited(16));
        assert_eq!(window.size, LEAST);
    }
}
