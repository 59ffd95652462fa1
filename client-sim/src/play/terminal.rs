//! The terminal: taken, and given back as it was, whatever happens.
//!
//! Owns raw mode, the alternate screen, the keyboard's enhancement and the panic
//! hook. Refuses what is no terminal. Called by `play`.

use anyhow::{Context, ensure};
use crossterm::cursor::Show;
use crossterm::event::{
    DisableFocusChange, EnableFocusChange, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, BufWriter, IsTerminal, Stdout};

/// # Errors
/// If stdin or stdout is no terminal.
pub(super) fn check() -> anyhow::Result<()> {
    ensure!(
        io::stdin().is_terminal() && io::stdout().is_terminal(),
        "a terminal is needed; without one, `client-sim record` keeps what is played"
    );
    Ok(())
}

/// A terminal in our hands, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    // Dropped, and thereby written out, before the terminal is given back.
    pub(super) screen: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    _guard: Guard,
}

impl Held {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If it does not obey.
    pub(super) fn take() -> anyhow::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        enable_raw_mode().context("the terminal cannot be taken")?;
        let guard = Guard;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            SetTitle("downbeat"),
            EnableFocusChange,
            // A terminal that does not know it passes over it. Asking first would
            // cost two seconds where nobody answers.
            PushKeyboardEnhancementFlags(
                KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
                    | KeyboardEnhancementFlags::REPORT_EVENT_TYPES
                    | KeyboardEnhancementFlags::REPORT_ALL_KEYS_AS_ESCAPE_CODES
            )
        )?;
        // One write per picture, not one per cell.
        let out = BufWriter::with_capacity(64 << 10, io::stdout());
        let screen = Terminal::new(CrosstermBackend::new(out))?;
        Ok(Self {
            screen,
            _guard: guard,
        })
    }
}

/// Gives the terminal back when it is dropped.
#[derive(Debug)]
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Nothing can be done about a terminal that does not take it.
fn give_back() {
    let _ = execute!(
        io::stdout(),
        PopKeyboardEnhancementFlags,
        DisableFocusChange,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}
