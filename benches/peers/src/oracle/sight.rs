//! How closely two traces are compared.

use crate::trace::Trace;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Which workers were started, which went down, and which are up after each step.
    Who,
    /// And in which order they were started.
    Starts,
    /// And in which order they went down.
    Order,
    /// All that a trace tells: also answers, what is down but known, and the lives of supervisors.
    Full,
}

/// What is seen of a step.
#[derive(Debug, PartialEq, Eq)]
struct Seen<'a> {
    events: Vec<&'a str>,
    up: Vec<&'a str>,
    ended: bool,
}

impl Sight {
    pub(crate) fn agrees(self, expected: &Trace, found: &Trace) -> bool {
        if self == Self::Full {
            return expected.agrees(found);
        }
        expected.steps().count() == found.steps().count()
            && expected.steps().zip(found.steps()).all(|(expected, found)| self.agrees_at(expected, found))
    }

    fn agrees_at(self, expected: &str, found: &str) -> bool {
        let (seen, other) = (self.of(expected), self.of(found));
        // While a start keeps it busy, OTP's supervisor does not tell who is up.
        seen.events == other.events && seen.ended == other.ended && (expected.contains("[?") || seen.up == other.up)
    }

    fn of(self, step: &str) -> Seen<'_> {
        let mut parts = step.split('|').skip(1);
        let mut events: Vec<&str> = parts.next().unwrap_or("").split(',').collect();
        match self {
            Self::Who => events.sort_unstable(),
            // Stable: what is no start comes behind, sorted.
            Self::Starts => events.sort_by_key(|event| if event.starts_with("start") { "" } else { event }),
            Self::Order | Self::Full => {}
        }
        let state = parts.next().unwrap_or("");
        let mut up: Vec<&str> = state.split_inclusive('+').filter_map(worker_up).collect();
        up.sort_unstable();
        Seen { events, up, ended: state.starts_with("ended") }
    }
}

/// The `4` of `[3- 4+`.
fn worker_up(text: &str) -> Option<&str> {
    text.strip_suffix('+')?.rsplit(|c: char| !c.is_ascii_digit()).next()
}

#[cfg(test)]
mod tests {
    use crate::sight::Sight;

    #[track_caller]
    fn check(expected: &str, found: &str, sights: &[Sight]) {
        let agreeing =
            [Sight::Who, Sight::Starts, Sight::Order].into_iter().filter(|sight| sight.agrees_at(expected, found));
        assert_eq!(agreeing.collect::<Vec<_>>(), sights);
    }

    #[test]
    fn a_sight_sees_what_it_promises() {
        let step = "done|down 3,down 2,start 2,start 3|1#1[2+ 4- 5#2[3+]]";
        check(step, "done|down 3,down 2,start 2,start 3|[2+ 3+]", &[Sight::Who, Sight::Starts, Sight::Order]);
        check(step, "done|down 2,down 3,start 2,start 3|[2+ 3+]", &[Sight::Who, Sight::Starts]);
        check(step, "done|down 2,down 3,start 3,start 2|[2+ 3+]", &[Sight::Who]);
        check(step, "done|down 3,down 2,start 2,start 3|[2+]", &[]);
        check(step, "done|down 2,start 2|[2+ 3+]", &[]);
    }

    #[test]
    fn nobody_is_asked_who_is_up_while_a_start_hangs() {
        check("done|start 2|1#1[?]", "done|start 2|[3+]", &[Sight::Who, Sight::Starts, Sight::Order]);
    }
}
