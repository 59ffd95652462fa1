//! The documents say what the code does: every piece of code in them is code that
//! is compiled somewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

/// The fenced blocks of a language in a Markdown text.
fn blocks<'a>(markdown: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let parts = markdown.split(fence.as_str()).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_game_of_the_guide_is_the_example() {
    let guide = include_str!("../docs/writing-a-game.md");
    let game = include_str!("../examples/tug.rs");
    let bot = include_str!("../client-sim/examples/tug_bot.rs");
    let pieces = blocks(guide, "rust");
    assert!(pieces.len() > 8, "the guide shows code");
    for piece in pieces {
        let is_code = game.contains(piece) || bot.contains(piece);
        assert!(is_code, "neither in tug.rs nor in tug_bot.rs:\n{piece}");
    }
}

#[test]
fn the_readme_shows_the_crates_own_picture_and_code() {
    let picture = |text| blocks(text, "text")[0].to_owned();
    let readme = picture(include_str!("../README.md"));
    let crate_doc = include_str!("../src/lib.rs");
    let code = blocks(include_str!("../README.md"), "rust")[0];
    for line in readme.lines().chain(code.lines()) {
        assert!(
            crate_doc.contains(line.trim_end()),
            "not in src/lib.rs: {line}"
        );
    }
}
