//! Limit of the files and sockets that this process may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as `deploy/systemd` and the tasks of `deploy/terraform` allow.
const TARGET_DESCRIPTORS: u64 = 65_536;

/// Raises the limit of open files, which counts sockets too, to 65,536, or to this process's hard
/// limit. Containers of containerd 2 begin with 1,024, and no manifest of Kubernetes can change
/// that.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = raised_limit(limit) else { return };
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum }) {
        tracing::warn!(%error, current, "the limit of open files could not be raised");
    }
}

/// Returns the raised limit; None if it is high enough, or as high as it may be.
fn raised_limit(limit: Rlimit) -> Option<u64> {
    let target = limit.maximum.map_or(TARGET_DESCRIPTORS, |maximum| maximum.min(TARGET_DESCRIPTORS));
    limit.current.is_some_and(|current| current < target).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_as_far_as_it_may_be_and_never_lowered() {
        for (current, maximum, expected) in [
            (Some(1_024), Some(524_288), Some(65_536)),
            (Some(1_024), Some(4_096), Some(4_096)),
            (Some(256), None, Some(65_536)),
            (Some(4_096), Some(4_096), None),
            (Some(1_048_576), Some(1_048_576), None),
            (None, None, None),
        ] {
            assert_eq!(raised_limit(Rlimit { current, maximum }), expected, "{current:?} of {maximum:?}");
        }
    }
}
