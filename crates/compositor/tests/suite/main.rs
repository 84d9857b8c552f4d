//! The compositor on a real device, software or not: pictures, damage, bad input, captures.
#![forbid(unsafe_code)]

mod captures;
mod clips;
mod counts;
mod damage;
mod faults;
mod golden;
mod rig;
mod zero_copy;
