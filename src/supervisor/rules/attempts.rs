//! The rules where a start fails in the midst of a group restart, and others have ended meanwhile.

use crate::exit::Exit;
use crate::spec::Restart::{Permanent, Temporary, Transient};
use crate::spec::Strategy::{OneForAll, RestForOne};
use crate::supervisor::rules::action::{Decision, Event};
use crate::supervisor::rules::story::Did::{Close, Remove, Start, Stop};
use crate::supervisor::rules::story::{Did, Story, failed, kid, policy};

/// The third of three starts again alone; its start fails, after the first has ended like this.
#[track_caller]
fn check(mut story: Story, first: Exit, expected: &[Did], failures: u32) -> Story {
    assert_eq!(story.only(Event::Exited(story.key(3), failed())), [Start(3)]);
    assert_eq!(story.only(Event::Exited(story.key(1), first)), [], "it waits for the restart");
    let key = story.key(3);
    assert_eq!(story.run(Event::StartFailed(key, failed())), expected);
    assert_eq!(story.rules.failures_in_window(story.now), failures);
    assert!(story.rules.is_quiet());
    story
}

#[test]
fn an_attempt_that_failed_stands_behind_the_ends_that_waited() {
    let story = Story::three(RestForOne);
    let mut story = check(story, failed(), &[Stop(2), Start(1), Start(2), Start(3)], 2);
    assert_eq!(story.decided.pop(), Some((3, Decision::Covered, 2)), "the restart of the first covers it");

    let kids = [kid(Temporary), kid(Permanent), kid(Permanent)];
    check(Story::begun(policy(RestForOne), kids), Exit::Normal, &[Remove(1), Start(3)], 2);
}

#[test]
fn a_failed_attempt_of_one_for_all_gives_way_to_the_end_of_one_just_started() {
    let mut story = Story::three(OneForAll);
    assert_eq!(story.only(Event::Exited(story.key(3), failed())), [Stop(2)]);
    assert_eq!(story.only(Event::Exited(story.key(2), Exit::Shutdown)), [Stop(1)]);
    assert_eq!(story.only(Event::Exited(story.key(1), Exit::Shutdown)), [Start(1)]);
    assert_eq!(story.only(Event::Started(story.key(1))), [Start(2)]);
    assert_eq!(story.only(Event::Exited(story.key(1), failed())), []);
    let key = story.key(2);
    assert_eq!(story.run(Event::StartFailed(key, failed())), [Start(1), Start(2), Start(3)]);
    assert_eq!(story.rules.failures_in_window(story.now), 2);
}

#[test]
fn a_failed_attempt_starts_what_its_group_still_lacks() {
    let mut story = Story::three(RestForOne);
    story.bad_starts.insert(2, 2);
    assert_eq!(story.crash(2), [Stop(3), Start(2), Start(2), Start(2), Start(3)]);
    assert_eq!(story.rules.failures_in_window(story.now), 3);
    let slot = story.slot(2);
    assert_eq!(story.run(Event::Terminate(slot)), [Stop(2), Close(2)]);
}

#[test]
fn a_start_that_ends_before_its_group_stops_it_is_started_with_the_group() {
    let mut story = Story::begun(policy(OneForAll), [kid(Transient), kid(Permanent)]);
    // Somebody restarts the first; while it starts, the second fails, and then the first ends quietly.
    let slot = story.slot(1);
    assert_eq!(story.only(Event::Restart(slot)), [Stop(1)]);
    assert_eq!(story.only(Event::Exited(story.key(1), Exit::Shutdown)), [Start(1)]);
    let key = story.key(1);
    assert_eq!(story.only(Event::Exited(story.key(2), failed())), [Did::Kill(1)]);
    assert_eq!(story.run(Event::Exited(key, Exit::Normal)), [Start(1), Start(2)]);
    assert!(story.rules.is_quiet());
}
