//! Supervision: the rules of OTP, and the shells that carry them out. The only files that name ractor.

pub(crate) mod actor_recipe;
pub(crate) mod alarm_task;
pub(crate) mod alarms;
pub(crate) mod branch;
pub(crate) mod child_spec;
pub(crate) mod delete;
pub(crate) mod dynamic;
pub(crate) mod find;
pub(crate) mod forecast;
pub(crate) mod foreign;
pub(crate) mod launch;
pub(crate) mod member;
pub(crate) mod node;
pub(crate) mod perform;
pub(crate) mod plane;
pub(crate) mod reference;
pub(crate) mod rules;
pub(crate) mod shell;
pub(crate) mod spec;
pub(crate) mod startable;
