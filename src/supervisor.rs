//! Supervision: the rules of OTP, and the shells that carry them out. The only files that name ractor.

pub(crate) mod alarms;
pub(crate) mod dynamic;
pub(crate) mod find;
pub(crate) mod foreign;
pub(crate) mod launch;
pub(crate) mod member;
pub(crate) mod node;
pub(crate) mod perform;
pub(crate) mod reference;
pub(crate) mod rules;
pub(crate) mod shell;
pub(crate) mod spec;
