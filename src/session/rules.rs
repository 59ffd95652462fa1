//! What all sessions of a server are judged by: made once, shared by all of them.

use crate::config::Settings;
use crate::guard::{Admission, Quota};
use std::sync::Arc;

/// See the module's doc.
#[derive(Debug)]
pub struct Rules {
    /// The server's limits.
    pub settings: Arc<Settings>,
    /// Who players must be.
    pub admission: Admission,
    /// What a session may send.
    pub(super) quota: Quota,
}

impl Rules {
    /// The rules that follow from these settings.
    #[must_use]
    pub fn new(settings: Arc<Settings>, admission: Admission) -> Self {
        Self {
            quota: Quota::new(&settings),
            settings,
            admission,
        }
    }
}
