//! What downbeat costs, against the price of the system calls alone.

pub mod floor;
pub mod load;
pub mod room;
pub mod wire;
