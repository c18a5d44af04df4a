//! What the macros accept, and what their errors say.

#[test]
fn a_mistake_in_an_actor_gets_an_error_that_names_the_mend() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
