//! Colours.
//!
//! Those of Okabe and Ito, which people with any kind of colour vision tell apart,
//! from the 256 that most terminals have. What they mean is also told by shape or
//! word, so that nothing is lost with `NO_COLOR` (<https://no-color.org>).

use ratatui::style::Color;

/// What things are drawn in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    /// The player himself, and what is his.
    pub(super) own: Color,
    /// Other players.
    pub(super) other: Color,
    pub(super) drone: Color,
    pub(super) shot: Color,
    pub(super) pickup: Color,
    /// The grid, frames, what is by the way.
    pub(super) dim: Color,
    pub(super) good: Color,
    pub(super) bad: Color,
}

impl Theme {
    /// With colours, or without.
    pub(super) const fn new(colours: bool) -> Self {
        const fn indexed(colours: bool, index: u8) -> Color {
            match colours {
                true => Color::Indexed(index),
                false => Color::Reset,
            }
        }
        Self {
            own: indexed(colours, 231),
            other: indexed(colours, 214),
            drone: indexed(colours, 75),
            shot: indexed(colours, 227),
            pickup: indexed(colours, 36),
            dim: indexed(colours, 242),
            good: indexed(colours, 36),
            bad: indexed(colours, 202),
        }
    }

    /// As the environment wants it.
    pub(super) fn from_env() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self::new(!unwanted)
    }
}
