//! What a turn says to the tape of its actor. Without the feature `capsule` nothing of it is left.

#[cfg(all(feature = "capsule", not(loom)))]
mod on {
    use crate::actor::capsule::{CAPSULE_VERSION, Capsule, Crash};
    use crate::actor::definition::Actor;
    use crate::actor::running::Running;
    use crate::exit::Failure;

    impl<A: Actor> Running<A> {
        /// Whether actors of this type are recorded. What ran in place would be missing.
        pub(crate) const IS_RECORDED: bool = A::CAPSULE.is_some();

        /// Records a message that is handled next.
        #[inline]
        pub(crate) fn record(&mut self, message: &A::Msg) {
            if Self::IS_RECORDED {
                self.write_down(message);
            }
        }

        fn write_down(&mut self, message: &A::Msg) {
            let wanted = self.cx.cell.hub().capsules.is_wanted();
            let tape = self.cx.owned.as_mut().and_then(|owned| owned.tape.as_mut());
            let (Some(recording), Some(tape)) = (A::CAPSULE, tape) else { return };
            if !wanted {
                return tape.forget();
            }
            if let Err(error) = tape.record(&recording, &self.actor, message) {
                let path = self.cx.path();
                tracing::warn!(
                    target: "swarmtree::capsule", %path, %error,
                    "this life leaves no capsule: its state or a message cannot be written as JSON; mend it or `#[serde(skip)]` it"
                );
            }
        }

        /// Leaves a capsule of its failure, where it is recorded.
        pub(crate) fn leave_capsule(&mut self, failure: &Failure) {
            let Some(remembered) = self.cx.owned.as_mut().and_then(|owned| owned.tape.as_mut()?.take()) else { return };
            let hub = self.cx.cell.hub();
            hub.capsules.put(Capsule {
                version: CAPSULE_VERSION,
                system: hub.name.clone(),
                path: self.cx.path().as_str().to_owned(),
                actor: std::any::type_name::<A>().to_owned(),
                incarnation: self.cx.incarnation,
                crash: Crash::from(failure),
                seed: remembered.seed,
                view: remembered.view,
                steps: remembered.steps,
            });
        }
    }
}

#[cfg(any(not(feature = "capsule"), loom))]
mod off {
    use crate::actor::definition::Actor;
    use crate::actor::running::Running;
    use crate::exit::Failure;

    impl<A: Actor> Running<A> {
        pub(crate) const IS_RECORDED: bool = false;

        #[inline]
        pub(crate) fn record(&mut self, _message: &A::Msg) {}

        pub(crate) fn leave_capsule(&mut self, _failure: &Failure) {}
    }
}
