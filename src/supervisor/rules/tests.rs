//! The rules, told as short stories in a world that does what it is told.

use std::sync::Arc;
use std::time::Duration;

use crate::exit::{Cause, Exit};
use crate::spec::Strategy::{Dynamic, OneForAll, OneForOne, RestForOne};
use crate::spec::{AutoShutdown, Backoff, ChildPolicy, Intensity, Restart, Shutdown, Strategy, SupervisorPolicy};
use crate::supervisor::rules::action::{Decision, Event};
use crate::supervisor::rules::entry::Status;
use crate::supervisor::rules::state::Phase;
use crate::supervisor::rules::story::Did::{Abandon, Close, End, Kill, Ready, Remove, Start, Stop};
use crate::supervisor::rules::story::{Did, Story, failed, kid, policy};

/// What three permanent children's supervisor does when one of them ends.
#[track_caller]
fn check(strategy: Strategy, child: usize, exit: Exit, expected: &[Did]) {
    let mut story = Story::three(strategy);
    assert_eq!(story.exit(child, exit), expected, "{strategy:?}");
    assert!(story.rules.is_quiet());
}

#[test]
fn children_start_from_left_to_right_and_stop_from_right_to_left() {
    for strategy in [OneForOne, OneForAll, RestForOne] {
        let mut story = Story::new(policy(strategy), [kid(Restart::Permanent), kid(Restart::Permanent)]);
        assert_eq!(story.run(Event::Begin), [Start(1), Start(2), Ready]);
        assert_eq!(story.run(Event::End(Exit::Shutdown)), [Stop(2), Stop(1), End]);
        assert_eq!(story.ended, Some(Exit::Shutdown));
        assert_eq!(story.run(Event::Begin), [Start(1), Start(2), Ready], "and may begin again");
    }
}

#[test]
fn one_for_one_restarts_the_failed_child_only() {
    check(OneForOne, 2, failed(), &[Start(2)]);
    check(Dynamic, 2, failed(), &[Start(2)]);
}

#[test]
fn one_for_all_stops_all_in_reverse_and_starts_all_in_order() {
    check(OneForAll, 2, failed(), &[Stop(3), Stop(1), Start(1), Start(2), Start(3)]);
}

#[test]
fn rest_for_one_restarts_younger_siblings_in_order() {
    check(RestForOne, 2, failed(), &[Stop(3), Start(2), Start(3)]);
    check(RestForOne, 3, failed(), &[Start(3)]);
}

#[test]
fn every_strategy_follows_the_restart_kind_and_the_exit() {
    for strategy in [OneForOne, OneForAll, RestForOne, Dynamic] {
        for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
            for exit in [Exit::Normal, Exit::Shutdown, Exit::Escalated, failed(), Exit::Killed] {
                let restarted = match restart {
                    Restart::Permanent => true,
                    Restart::Transient => exit.is_abnormal(),
                    Restart::Temporary => false,
                };
                let removed = restart == Restart::Temporary || strategy == Dynamic;
                let expected: &[Did] = match (restarted, strategy) {
                    (false, _) if removed => &[Remove(2)],
                    (false, _) => &[Close(2)],
                    (true, OneForOne | Dynamic) => &[Start(2)],
                    (true, OneForAll) => &[Stop(3), Stop(1), Start(1), Start(2), Start(3)],
                    (true, RestForOne) => &[Stop(3), Start(2), Start(3)],
                };
                let kids = [kid(Restart::Permanent), kid(restart), kid(Restart::Permanent)];
                let mut story = Story::begun(policy(strategy), kids);
                let radius = story.rules.blast(story.slot(2));
                assert_eq!(story.exit(2, exit.clone()), expected, "{strategy:?} {restart:?} {exit:?}");
                let counted = u32::from(restarted);
                assert_eq!(story.rules.failures_in_window(story.now), counted);
                assert_eq!(story.rules.restarts_total(), u64::from(counted));
                match story.decided.pop() {
                    Some((2, Decision::Restart { with, after }, 1)) if restarted => {
                        assert_eq!((with, after), (radius, Duration::ZERO));
                    }
                    other => {
                        let leave = (!restarted && exit.is_abnormal()).then_some((2, Decision::Leave, 0));
                        assert_eq!(other, leave);
                    }
                }
            }
        }
    }
}

#[test]
fn one_more_restart_than_allowed_escalates() {
    for strategy in [OneForOne, OneForAll, RestForOne] {
        let mut story = Story::three(strategy);
        for count in 1..=3 {
            assert!(story.crash(1).contains(&Start(1)));
            assert_eq!(story.rules.failures_in_window(story.now), count);
        }
        assert_eq!(story.crash(1), [Stop(3), Stop(2), End], "{strategy:?}");
        assert_eq!(story.decided.pop(), Some((1, Decision::Escalate, 4)));
        assert_eq!(story.ended, Some(Exit::Escalated));
    }
}

#[test]
fn a_restart_older_than_the_period_does_not_count() {
    let mut story = Story::three(OneForOne);
    for _ in 0..9 {
        assert_eq!(story.crash(1), [Start(1)]);
        story.now += Duration::from_millis(2000);
    }
    assert_eq!(story.rules.restarts_total(), 9);
}

#[test]
fn a_failed_start_in_a_restart_counts_and_is_tried_again() {
    let mut story = Story::three(RestForOne);
    story.bad_starts.insert(3, 1);
    assert_eq!(story.crash(2), [Stop(3), Start(2), Start(3), Start(3)]);
    assert_eq!(story.rules.failures_in_window(story.now), 2);

    let mut story = Story::three(OneForAll);
    story.bad_starts.insert(2, 1);
    assert_eq!(
        story.crash(3),
        [Stop(2), Stop(1), Start(1), Start(2), Stop(1), Start(1), Start(2), Start(3)],
        "those that had started are stopped again"
    );

    let mut story = Story::three(OneForOne);
    story.bad_starts.insert(2, 9);
    assert_eq!(story.crash(2), [Start(2), Start(2), Start(2), Stop(3), Stop(1), End]);
    assert_eq!(story.ended, Some(Exit::Escalated));
}

#[test]
fn between_two_attempts_an_end_gets_in() {
    for strategy in [OneForOne, OneForAll, RestForOne, Dynamic] {
        let mut story = Story::three(strategy);
        let key = story.key(1);
        story.only(Event::Exited(key, failed()));
        let done = story.run(Event::End(Exit::Shutdown));
        assert_eq!(done.last(), Some(&End), "{strategy:?}");
        assert!(!done.iter().any(|did| matches!(did, Start(_))));
    }
}

#[test]
fn temporary_siblings_caught_in_a_group_restart_are_removed() {
    let kids = [kid(Restart::Permanent), kid(Restart::Permanent), kid(Restart::Temporary)];
    for (strategy, expected) in [
        (OneForAll, vec![Stop(3), Remove(3), Stop(1), Start(1), Start(2)]),
        (RestForOne, vec![Stop(3), Remove(3), Start(2)]),
    ] {
        let mut story = Story::begun(policy(strategy), kids.clone());
        assert_eq!(story.crash(2), expected);
    }
}

#[test]
fn a_group_restart_starts_those_that_were_down() {
    let kids = [kid(Restart::Permanent), kid(Restart::Transient), kid(Restart::Permanent)];
    let mut story = Story::begun(policy(RestForOne), kids);
    assert_eq!(story.exit(2, Exit::Normal), [Close(2)]);
    assert_eq!(story.run(Event::Terminate(story.slot(3))), [Stop(3), Close(3)]);
    assert_eq!(story.crash(1), [Start(1), Start(2), Start(3)]);
}

#[test]
fn a_crash_of_one_already_restarted_waits_for_the_plan() {
    let mut story = Story::three(OneForAll);
    story.only(Event::Exited(story.key(3), failed()));
    story.only(Event::Exited(story.key(1), failed()));
    assert_eq!(story.decided.pop(), Some((1, Decision::Covered, 1)), "it was about to be stopped");
    assert_eq!(story.only(Event::Exited(story.key(2), Exit::Shutdown)), [Start(1)]);
    assert_eq!(story.only(Event::Started(story.key(1))), [Start(2)]);
    assert_eq!(story.only(Event::Exited(story.key(1), failed())), []);
    assert_eq!(story.only(Event::Started(story.key(2))), [Start(3)]);
    let key = story.key(3);
    assert_eq!(story.run(Event::Started(key)), [Stop(3), Stop(2), Start(1), Start(2), Start(3)]);
    assert_eq!(story.rules.failures_in_window(story.now), 2);
}

#[test]
fn a_crash_while_the_others_start_is_judged_when_they_have() {
    let mut story = Story::new(policy(OneForOne), [kid(Restart::Permanent), kid(Restart::Permanent)]);
    story.only(Event::Begin);
    assert_eq!(story.only(Event::Started(story.key(1))), [Start(2)]);
    assert_eq!(story.only(Event::Exited(story.key(1), failed())), []);
    assert_eq!(story.status(1), Status::Waiting);
    assert_eq!(story.only(Event::Started(story.key(2))), [Ready, Start(1)]);
}

#[test]
fn a_first_start_that_fails_ends_the_supervisor_with_that_failure() {
    let mut story = Story::new(policy(OneForOne), [kid(Restart::Permanent), kid(Restart::Temporary)]);
    story.bad_starts.insert(2, 1);
    assert_eq!(story.run(Event::Begin), [Start(1), Start(2), Remove(2), Stop(1), End]);
    assert_eq!(story.ended, Some(failed()));
}

#[test]
fn a_first_start_that_ends_quietly_is_a_failure_too() {
    let mut story = Story::new(policy(OneForOne), [kid(Restart::Permanent)]);
    story.only(Event::Begin);
    assert_eq!(story.run(Event::StartFailed(story.key(1), Exit::Normal)), [End]);
    assert!(matches!(story.ended, Some(Exit::Failed(failure)) if failure.cause == Cause::Start));
}

#[test]
fn an_end_that_is_faster_than_the_news_of_its_start_is_an_end() {
    let mut story = Story::new(policy(OneForOne), [kid(Restart::Transient)]);
    story.only(Event::Begin);
    let key = story.key(1);
    assert_eq!(story.run(Event::Exited(key, Exit::Normal)), [Ready, Close(1)]);
    assert_eq!(story.only(Event::Started(key)), []);
}

#[test]
fn an_added_child_starts_and_its_failed_first_start_removes_it_uncounted() {
    for strategy in [OneForOne, OneForAll, RestForOne, Dynamic] {
        let mut story = Story::three(strategy);
        story.bad_starts.insert(4, 1);
        assert_eq!(story.add(kid(Restart::Permanent)), [Start(4), Remove(4)]);
        story.slots.pop();
        story.bad_starts.clear();
        assert_eq!(story.add(kid(Restart::Permanent)), [Start(4)]);
        assert_eq!((story.decided.len(), story.rules.failures_in_window(story.now)), (0, 0));
        assert!(story.crash(4).ends_with(&[Start(4)]), "and is a child like the others then");
    }
}

#[test]
fn dynamic_children_start_side_by_side_and_stop_side_by_side() {
    let mut story = Story::begun(policy(Dynamic), []);
    story.stuck.extend([1, 2]);
    for child in 1..=3 {
        let slot = story.rules.add(Arc::new(kid(Restart::Permanent)));
        story.slots.push(slot);
        assert_eq!(story.only(Event::StartAdded(slot)), [Start(child)]);
    }
    story.only(Event::Started(story.key(3)));
    let done = story.run(Event::End(Exit::Shutdown));
    assert_eq!(done, [Kill(1), Kill(2), Stop(3), Remove(1), Remove(2), Remove(3), End]);
}

#[test]
fn a_child_added_during_a_group_restart_starts_after_it() {
    let mut story = Story::three(OneForAll);
    story.only(Event::Exited(story.key(1), failed()));
    let slot = story.rules.add(Arc::new(kid(Restart::Permanent)));
    story.slots.push(slot);
    assert_eq!(story.only(Event::StartAdded(slot)), []);
    let key = story.key(3);
    assert_eq!(story.run(Event::Exited(key, Exit::Shutdown)), [Stop(2), Start(1), Start(2), Start(3), Start(4)]);
}

#[test]
fn terminate_keeps_a_child_down_and_restart_brings_it_back() {
    let mut story = Story::three(OneForOne);
    let slot = story.slot(2);
    assert!(!story.rules.delete(slot), "it is up");
    assert_eq!(story.run(Event::Terminate(slot)), [Stop(2), Close(2)]);
    assert_eq!(story.run(Event::Terminate(slot)), [Close(2)], "whoever asks gets an answer");
    assert_eq!(story.run(Event::Restart(slot)), [Start(2)]);
    assert_eq!(story.run(Event::Restart(slot)), [Stop(2), Start(2)]);
    assert_eq!(story.rules.failures_in_window(story.now), 0);
    story.run(Event::Terminate(slot));
    assert!(story.rules.delete(slot));
    assert_eq!(story.rules.slots().count(), 2);
    assert_eq!(story.run(Event::Restart(slot)), []);
}

#[test]
fn a_crash_of_a_child_that_was_asked_to_stop_is_no_failure() {
    let mut story = Story::three(OneForOne);
    story.deaf.insert(2);
    story.only(Event::Terminate(story.slot(2)));
    assert_eq!(story.crash(2), [Close(2)]);
    assert_eq!(story.decided, []);
}

#[test]
fn terminating_a_temporary_or_dynamic_child_removes_it() {
    let mut story = Story::begun(policy(OneForOne), [kid(Restart::Temporary)]);
    assert_eq!(story.run(Event::Terminate(story.slot(1))), [Stop(1), Remove(1)]);
    let mut story = Story::three(Dynamic);
    assert_eq!(story.run(Event::Terminate(story.slot(1))), [Stop(1), Remove(1)]);
}

#[test]
fn a_requested_start_that_fails_leaves_the_child_down() {
    let mut story = Story::three(OneForAll);
    let slot = story.slot(2);
    story.run(Event::Terminate(slot));
    story.bad_starts.insert(2, 1);
    assert_eq!(story.run(Event::Restart(slot)), [Start(2), Close(2)]);
    assert_eq!(story.decided, [(2, Decision::Leave, 0)]);
    story.run(Event::Restart(slot));
    story.bad_starts.insert(2, 1);
    assert_eq!(
        story.run(Event::Restart(slot)),
        [Stop(2), Start(2), Stop(3), Stop(1), Start(1), Start(2), Start(3)],
        "but one that was up is kept up"
    );
}

#[test]
fn terminate_takes_a_child_out_of_the_plan_under_way() {
    let mut story = Story::three(OneForAll);
    story.deaf.insert(3);
    story.only(Event::Exited(story.key(1), failed()));
    assert_eq!(story.only(Event::Terminate(story.slot(1))), [Close(1)]);
    assert_eq!(story.only(Event::Terminate(story.slot(3))), []);
    let key = story.key(3);
    assert_eq!(story.run(Event::Exited(key, Exit::Shutdown)), [Close(3), Stop(2), Start(2)]);
}

#[test]
fn terminate_calls_off_what_still_waited_for_the_plan() {
    let mut story = Story::new(policy(OneForOne), [kid(Restart::Permanent), kid(Restart::Permanent)]);
    story.only(Event::Begin);
    story.only(Event::Started(story.key(1)));
    assert_eq!(story.only(Event::Restart(story.slot(1))), []);
    assert_eq!(story.only(Event::Exited(story.key(1), failed())), []);
    assert_eq!(story.only(Event::Terminate(story.slot(1))), [Close(1)]);
    assert_eq!(story.decided, [(1, Decision::Leave, 0)], "the crash is reported all the same");
    assert_eq!(story.only(Event::Started(story.key(2))), [Ready]);
}

#[test]
fn a_terminate_that_a_restart_follows_does_both() {
    let mut story = Story::three(OneForOne);
    let slot = story.slot(1);
    assert_eq!(story.only(Event::Terminate(slot)), [Stop(1)]);
    assert_eq!(story.only(Event::Restart(slot)), []);
    let key = story.key(1);
    assert_eq!(story.run(Event::Exited(key, Exit::Shutdown)), [Close(1), Start(1)]);
}

#[test]
fn a_child_that_does_not_stop_is_killed_and_one_that_cannot_be_killed_abandoned() {
    let mut story = Story::three(OneForOne);
    story.deaf.extend([1, 2]);
    story.undead.insert(2);
    let begun = story.now;
    assert_eq!(story.run(Event::Terminate(story.slot(1))), [Stop(1), Kill(1), Close(1)]);
    assert_eq!(story.now - begun, Duration::from_secs(5));
    let key = story.key(2);
    assert_eq!(story.run(Event::Terminate(story.slot(2))), [Stop(2), Kill(2), Abandon(2), Close(2)]);
    assert_eq!(story.now - begun, Duration::from_secs(11));
    assert_eq!(story.run(Event::Exited(key, Exit::Killed)), [], "its late end is stale");
}

#[test]
fn shutdown_says_how_a_child_is_stopped() {
    for (shutdown, expected) in [
        (Shutdown::BrutalKill, vec![Kill(1), End]),
        (Shutdown::Infinity, vec![Stop(1), End]),
        (Shutdown::Timeout(Duration::ZERO), vec![Stop(1), End]),
    ] {
        let mut story = Story::begun(policy(OneForOne), [ChildPolicy { shutdown, ..ChildPolicy::default() }]);
        assert_eq!(story.run(Event::End(Exit::Shutdown)), expected);
    }
}

#[test]
fn an_urgent_end_kills_all_at_once_and_hurries_a_slow_one() {
    let mut story = Story::three(OneForOne);
    story.deaf.insert(3);
    assert_eq!(story.only(Event::End(Exit::Shutdown)), [Stop(3)]);
    assert_eq!(story.run(Event::EndNow(Exit::Killed)), [Kill(3), Kill(2), Kill(1), End]);
    assert_eq!(story.ended, Some(Exit::Killed));
}

#[test]
fn a_start_that_takes_too_long_is_killed_and_counts_as_failed() {
    let mut strict = policy(OneForOne);
    strict.intensity = Intensity { restarts: 2, period: Duration::from_secs(100) };
    let mut story = Story::begun(strict, [kid(Restart::Permanent)]);
    story.stuck.insert(1);
    let begun = story.now;
    assert_eq!(story.crash(1), [Start(1), Kill(1), Start(1), Kill(1), End]);
    assert_eq!(story.now - begun, Duration::from_secs(60));

    let mut story = Story::new(strict, [kid(Restart::Permanent)]);
    story.stuck.insert(1);
    assert_eq!(story.run(Event::Begin), [Start(1), Kill(1), End]);
    let Some(Exit::Failed(failure)) = story.ended else { panic!("it failed") };
    assert_eq!((failure.cause, failure.text.as_str()), (Cause::Start, "did not start within 30s"));
}

#[test]
fn backoff_doubles_with_jitter_and_begins_anew_after_a_long_run() {
    let backoff = Some(Backoff { least: Duration::from_millis(100), most: Duration::from_secs(1) });
    let mut lenient = policy(OneForOne);
    lenient.intensity.restarts = 99;
    let mut story = Story::begun(lenient, [ChildPolicy { backoff, ..ChildPolicy::default() }]);
    for whole in [100, 200, 400, 800, 1000, 1000] {
        assert_eq!(story.crash(1), [Start(1)]);
        let pause = story.pauses.pop().unwrap().as_millis();
        assert!((whole / 2..=whole).contains(&pause), "{pause} of {whole}");
    }
    story.now += Duration::from_millis(1001);
    story.crash(1);
    assert!(story.pauses.pop().unwrap().as_millis() <= 100);
}

#[test]
fn a_group_stops_first_pauses_then_and_starts_last() {
    let backoff = Some(Backoff { least: Duration::from_secs(1), most: Duration::from_secs(1) });
    let kids = [kid(Restart::Permanent), ChildPolicy { backoff, ..kid(Restart::Permanent) }, kid(Restart::Permanent)];
    let mut story = Story::begun(policy(RestForOne), kids);
    let key = story.key(2);
    assert_eq!(story.only(Event::Exited(key, failed())), [Stop(3)]);
    assert!(story.pauses.is_empty());
    let key = story.key(3);
    assert_eq!(story.only(Event::Exited(key, Exit::Shutdown)), []);
    assert_eq!((story.pauses.len(), story.status(2)), (1, Status::Waiting));
    let key = story.key(1);
    assert_eq!(story.run(Event::Exited(key, failed())), [Start(1), Start(2), Start(3)], "an elder one need not wait");
}

#[test]
fn a_requested_restart_cuts_the_pause_short() {
    let backoff = Some(Backoff { least: Duration::from_secs(1), most: Duration::from_secs(1) });
    for (strategy, expected) in [(OneForOne, vec![Start(1)]), (OneForAll, vec![Start(1)])] {
        let mut story = Story::begun(policy(strategy), [ChildPolicy { backoff, ..kid(Restart::Permanent) }]);
        let key = story.key(1);
        assert_eq!(story.only(Event::Exited(key, failed())), []);
        assert_eq!(story.run(Event::Restart(story.slot(1))), expected);
    }
}

#[test]
fn significant_children_end_their_supervisor() {
    let significant = |restart| ChildPolicy { significant: true, ..kid(restart) };
    let kids = [significant(Restart::Transient), significant(Restart::Temporary), kid(Restart::Permanent)];
    let with = |auto_shutdown| SupervisorPolicy { auto_shutdown, ..policy(OneForOne) };

    let mut any = Story::begun(with(AutoShutdown::AnySignificant), kids.clone());
    assert_eq!(any.exit(3, Exit::Normal), [Start(3)]);
    assert_eq!(any.crash(1), [Start(1)], "a restarted one has not ended");
    assert_eq!(any.exit(1, Exit::Normal), [Close(1), Stop(3), Stop(2), Remove(2), End]);
    assert_eq!(any.ended, Some(Exit::Escalated));

    let mut all = Story::begun(with(AutoShutdown::AllSignificant), kids.clone());
    assert_eq!(all.crash(2), [Remove(2)]);
    assert_eq!(all.exit(1, Exit::Shutdown), [Close(1), Stop(3), End]);

    let mut asked = Story::begun(with(AutoShutdown::AnySignificant), kids);
    assert_eq!(asked.run(Event::Terminate(asked.slot(1))), [Stop(1), Close(1)], "an end on request is not its own");
    assert_eq!(asked.rules.phase(), &Phase::Running);
}

#[test]
fn after_the_end_declared_children_stay_and_others_have_left() {
    let mut story = Story::begun(policy(OneForOne), [kid(Restart::Permanent), kid(Restart::Temporary)]);
    story.add(kid(Restart::Permanent));
    let done = story.run(Event::End(Exit::Shutdown));
    assert_eq!(done, [Stop(3), Remove(3), Stop(2), Remove(2), Stop(1), End]);
    assert_eq!(story.rules.slots().collect::<Vec<_>>(), [story.slot(1)]);
    assert_eq!(story.only(Event::StartAdded(story.slot(1))), []);
}

#[test]
fn a_slot_used_again_does_not_hear_of_its_former_child() {
    let mut story = Story::three(Dynamic);
    let (slot, old) = (story.slot(1), story.key(1));
    story.run(Event::Terminate(slot));
    story.slots.remove(0);
    let next = story.rules.add(Arc::new(kid(Restart::Permanent)));
    story.slots.push(next);
    assert_eq!(next, slot);
    assert_ne!(story.key(3), old, "not even before its start");
    assert_eq!(story.run(Event::StartAdded(next)), [Start(3)]);
    assert_eq!(story.run(Event::Exited(old, failed())), []);
    assert_eq!(story.status(3), Status::Running);
}

#[test]
fn the_blast_of_a_failure_is_what_its_strategy_restarts() {
    let kids = || [kid(Restart::Permanent), kid(Restart::Permanent), kid(Restart::Temporary), kid(Restart::Transient)];
    for (strategy, child, expected) in [
        (OneForOne, 2, vec![2]),
        (OneForAll, 2, vec![1, 2, 4]),
        (RestForOne, 2, vec![2, 4]),
        (RestForOne, 3, vec![]),
        (Dynamic, 4, vec![4]),
    ] {
        let story = Story::begun(policy(strategy), kids());
        let blast: Vec<usize> = story.rules.blast(story.slot(child)).into_iter().map(|at| story.child(at)).collect();
        assert_eq!(blast, expected, "{strategy:?} {child}");
    }
}
