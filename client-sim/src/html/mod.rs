//! stub
use crate::sweep::report::Sweep;
pub(crate) fn page(_s: &Sweep) -> String {
    String::new()
}
pub(crate) fn held_chart(_s: &Sweep) -> String {
    String::new()
}
