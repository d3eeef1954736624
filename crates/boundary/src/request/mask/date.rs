//! Dates and times at the beginning of some bytes.

/// The length of the date, the time or both that the bytes begin with; `before` is the byte in front of them.
pub(super) fn moment(bytes: &[u8], before: Option<u8>) -> Option<usize> {
    let start = Rest(bytes);
    let named = weekday(start).and_then(|rest| date(rest.any(&[", ", " "])?));
    let end = match named.or_else(|| date(start)) {
        Some(rest) => afterwards(rest),
        // Behind a colon it is the line and the column of a place in a file.
        None if before == Some(b':') => return None,
        None => time_alone(start)?,
    };
    Some(bytes.len() - end.0.len())
}

/// What is still to be read.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn skip(self, text: &str) -> Option<Self> {
        self.0.strip_prefix(text.as_bytes()).map(Self)
    }

    fn any(self, texts: &[&str]) -> Option<Self> {
        texts.iter().find_map(|text| self.skip(text))
    }

    /// Takes a number of `digits.0` to `digits.1` digits and no more.
    fn number(self, digits: (usize, usize)) -> Option<(u32, Self)> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length < digits.0 || length > digits.1 {
            return None;
        }
        let value = self.0[..length].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        Some((value, Self(&self.0[length..])))
    }

    fn within(self, digits: (usize, usize), range: std::ops::RangeInclusive<u32>) -> Option<Self> {
        self.number(digits).filter(|(value, _)| range.contains(value)).map(|(_, rest)| rest)
    }

    fn year(self) -> Option<Self> {
        self.within((4, 4), 1900..=2199)
    }

    /// Takes a name or its first three letters, with a capital.
    fn name(self, names: &[&str]) -> Option<Self> {
        let rest = names.iter().find_map(|name| self.skip(name).or_else(|| self.skip(&name[..3])))?;
        let ends = rest.0.first().is_none_or(|byte| !byte.is_ascii_alphabetic());
        ends.then_some(rest)
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn weekday(rest: Rest<'_>) -> Option<Rest<'_>> {
    rest.name(&WEEKDAYS)
}

fn date(rest: Rest<'_>) -> Option<Rest<'_>> {
    match rest.0.first()? {
        b'0'..=b'9' => year_first(rest).or_else(|| day_first(rest)).or_else(|| year_last(rest)),
        _ => month_first(rest),
    }
}

/// `2026-11-20`
fn year_first(rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = rest.year()?;
    ["-", "/"].iter().find_map(|between| {
        let rest = rest.skip(between)?.within((2, 2), 1..=12)?;
        rest.skip(between)?.within((2, 2), 1..=31)
    })
}

/// `11/20/2026`, `20.11.2026`
fn year_last(rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = rest.within((1, 2), 1..=31)?;
    ["/", ".", "-"].iter().find_map(|between| {
        let rest = rest.skip(between)?.within((1, 2), 1..=31)?;
        rest.skip(between)?.year()
    })
}

/// `20 November 2026`
fn day_first(rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = day(rest)?.any(&[" ", "-", "/"])?.name(&MONTHS)?;
    rest.any(&[", ", " ", "-", "/"])?.year()
}

/// `November 20, 2026`, `November 2026`; without a year only with a time behind it: `Nov 20 07:10`
fn month_first(rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = rest.name(&MONTHS)?.any(&["  ", " "])?;
    let whole = day(rest).and_then(|rest| {
        let with_year = rest.any(&[", ", " "]).and_then(Rest::year);
        with_year.or_else(|| time(rest.skip(" ")?).map(time_end))
    });
    whole.or_else(|| rest.year())
}

fn day(rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = rest.within((1, 2), 1..=31)?;
    Some(rest.any(&["st", "nd", "rd", "th"]).unwrap_or(rest))
}

/// Takes what belongs to a date and stands behind it: a time, a year behind that, a day of the week.
fn afterwards(rest: Rest<'_>) -> Rest<'_> {
    let between = rest.any(&[", ", " at ", " ", "T", ":"]);
    let rest = between.and_then(time).map_or(rest, time_end);
    let rest = rest.skip(" ").and_then(Rest::year).unwrap_or(rest);
    let bracketed = rest.skip(" (").and_then(weekday).and_then(|rest| rest.skip(")"));
    let plain = || rest.any(&[", ", " "]).and_then(weekday);
    bracketed.or_else(plain).unwrap_or(rest)
}

/// A time as far as it was read, and how much of one it is.
#[derive(Clone, Copy)]
struct Time<'a> {
    rest: Rest<'a>,
    seconds: bool,
}

/// `07:10`, `07:10:59.123`
fn time(rest: Rest<'_>) -> Option<Time<'_>> {
    let rest = rest.within((1, 2), 0..=24)?.skip(":")?.within((2, 2), 0..=59)?;
    let Some(rest) = rest.skip(":").and_then(|rest| rest.within((2, 2), 0..=60)) else {
        return Some(Time { rest, seconds: false });
    };
    let fraction = rest.any(&[".", ","]).and_then(|rest| rest.number((1, 9)));
    Some(Time { rest: fraction.map_or(rest, |(_, rest)| rest), seconds: true })
}

/// Takes the half of the day and the zone, if they are there.
fn time_end(time: Time<'_>) -> Rest<'_> {
    let rest = half(time.rest).unwrap_or(time.rest);
    zone(rest).unwrap_or(rest)
}

/// A time that is surely one: with seconds, with half of the day or with a zone.
fn time_alone(rest: Rest<'_>) -> Option<Rest<'_>> {
    let time = time(rest)?;
    let sure = time.seconds || half(time.rest).is_some() || zone(time.rest).is_some();
    sure.then(|| time_end(time))
}

fn half(rest: Rest<'_>) -> Option<Rest<'_>> {
    rest.any(&[" AM", " PM", " am", " pm", "AM", "PM", "am", "pm", " a.m.", " p.m."])
}

/// `Z`, ` UTC`, `+02:00`, ` +0200`
fn zone(rest: Rest<'_>) -> Option<Rest<'_>> {
    if let Some(rest) = rest.any(&["Z", " UTC", " GMT"]) {
        return Some(rest);
    }
    let rest = rest.skip(" ").unwrap_or(rest).any(&["+", "-"])?;
    let colon = || rest.within((2, 2), 0..=14)?.skip(":")?.within((2, 2), 0..=59);
    colon().or_else(|| rest.within((4, 4), 0..=1459))
}
