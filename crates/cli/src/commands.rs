//! The commands, one file each.

pub(crate) mod build;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod new;
pub(crate) mod pack;
pub(crate) mod run;
pub(crate) mod serve;
