//! How many calls may be in flight at once: grows as calls are accepted, halves at a 429.

/// What an account begins with: enough for most, and little enough that a first burst teaches cheaply.
const BEGINS_AT: u32 = 16;

/// Beyond this the window is no limit any more.
const MAX: u32 = 4096;

/// The window of calls in flight.
#[derive(Debug)]
pub(super) struct Window {
    size: u32,
    /// Accepted calls since the window last grew.
    credit: u32,
    growth: Growth,
}

#[derive(PartialEq, Eq, Debug)]
enum Growth {
    /// No bound was met yet: one more for every call accepted.
    Fast,
    /// A bound was met: one more for every window of calls accepted.
    Slow,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: BEGINS_AT, credit: 0, growth: Growth::Fast }
    }
}

impl Window {
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
        if self.growth == Growth::Fast || self.credit >= self.size {
            self.size += 1;
            self.credit = 0;
        }
    }

    /// A call met a 429 while so many, itself included, were in flight.
    pub(super) fn limited(&mut self, in_flight: usize) {
        let met_at = u32::try_from(in_flight).unwrap_or(MAX).min(self.size);
        *self = Self { size: (met_at / 2).max(1), credit: 0, growth: Growth::Slow };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_until_a_bound_is_met_then_halves_and_grows_by_one_a_round() {
        let mut window = Window::default();
        for in_flight in 1..=16 {
            window.accepted(in_flight);
        }
        assert_eq!(window.size, 17, "fifteen of them left room");
        window.limited(12);
        assert_eq!(window.size, 6);
        for _ in 0..6 {
            window.accepted(6);
        }
        assert_eq!(window.size, 7);
        window.limited(1);
        assert_eq!(window.size, 1);
    }
}
