//! Every target for a moment, in every test run; always the same cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use downbeat_fuzz::{TARGETS, Until, run};

#[test]
fn every_target_survives_its_first_cases() {
    for target in &TARGETS {
        let cases = if target.name == "arena" { 300 } else { 30_000 };
        let made = run(target, 1, 0, Until::Cases(cases)).unwrap();
        assert_eq!(made, cases, "{}", target.name);
    }
}

#[test]
fn a_case_that_panics_is_named() {
    let target = downbeat_fuzz::Target {
        name: "fragile",
        about: "panics at its third case",
        start: || {
            let mut left = 2;
            let corpus = vec![vec![1, 2, 3]];
            let check = move |_: &[u8]| left = u32::checked_sub(left, 1).expect("fragile");
            Ok((corpus, Box::new(check)))
        },
    };
    let error = run(&target, 9, 0, Until::Cases(10))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("fragile: case 2 of seed 9 panics"),
        "{error}"
    );
}
