//! `POST /debug/cpu` and `/debug/heap`: profiles of this process, at the operator's listener, one at a time.

use std::{net::IpAddr, ops::RangeInclusive, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::constant_time;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header, request::Parts, uri::Authority},
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::connections::Peer;

/// Seconds of a profile: the range, and the default.
const PROFILE_SECONDS: RangeInclusive<u64> = 1..=60;
const DEFAULT_SECONDS: u64 = 10;

const NOT_BUILT: &str = "this binary cannot make profiles: run the image with the suffix -debug, or build one with `cargo build --release \
    --features profiling`; `perf record -g -p PID` needs neither";
const NOT_ENABLED: &str = "the allocator keeps no samples: start the process with _RJEM_MALLOC_CONF=prof:true,prof_active:false";

/// Kind of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileKind {
    /// Processor time.
    Cpu,
    /// Allocation sites of the memory in use.
    Heap,
}

impl ProfileKind {
    fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Heap => "heap",
        }
    }
}

/// Reason for which there is no profile.
#[derive(Debug)]
pub enum ProfileError {
    /// The binary has no profiler.
    NotBuilt,
    /// The process was started without samples of its heap.
    NotEnabled,
    Failed(String),
}

impl ProfileError {
    fn refusal(self) -> (StatusCode, String) {
        match self {
            Self::NotBuilt => (StatusCode::NOT_IMPLEMENTED, NOT_BUILT.to_owned()),
            Self::NotEnabled => (StatusCode::NOT_IMPLEMENTED, NOT_ENABLED.to_owned()),
            Self::Failed(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("the profile could not be created: {error}")),
        }
    }
}

/// Source of profiles.
#[async_trait]
pub trait Profiler: Send + Sync + 'static {
    /// A profile in the format of pprof, compressed by gzip. It may take a little longer than
    /// `time`.
    async fn profile(&self, kind: ProfileKind, time: Duration) -> Result<Vec<u8>, ProfileError>;
}

/// Access rule of profiles.
#[derive(Clone)]
pub struct ProfileAccess {
    /// Whether only this machine reaches the listener. If false, a token is required.
    pub is_loopback: bool,
    /// Token that every caller needs, if there is one.
    pub token: Option<String>,
}

struct Profiles {
    profiler: Arc<dyn Profiler>,
    access: ProfileAccess,
    free: Arc<Semaphore>,
}

/// Returns both routes. They may be merged into those of the metrics.
pub fn routes<S: Clone + Send + Sync + 'static>(profiler: Arc<dyn Profiler>, access: ProfileAccess) -> Router<S> {
    let profiles = Arc::new(Profiles { profiler, access, free: Arc::new(Semaphore::new(1)) });
    let router = Router::new().route("/debug/cpu", route(profiles.clone(), ProfileKind::Cpu));
    router.route("/debug/heap", route(profiles, ProfileKind::Heap))
}

fn route<S: Clone + Send + Sync + 'static>(profiles: Arc<Profiles>, kind: ProfileKind) -> MethodRouter<S> {
    post(move |request: Request<Body>| {
        let profiles = profiles.clone();
        async move {
            let (parts, _) = request.into_parts();
            profiles.answer(kind, &parts).await
        }
    })
}

impl Profiles {
    async fn answer(&self, kind: ProfileKind, parts: &Parts) -> Response {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.address.to_string()).unwrap_or_default();
        match self.run_profile(kind, parts, &peer).await {
            Ok(bytes) => {
                tracing::warn!(kind = kind.word(), peer, bytes = bytes.len(), "a profile of this process was returned");
                let file = format!("attachment; filename=\"entrepot-{}.pb.gz\"", kind.word());
                let headers = [
                    (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                    (header::CONTENT_DISPOSITION, file),
                    (header::CACHE_CONTROL, "no-store".to_owned()),
                ];
                (headers, bytes).into_response()
            }
            Err((status, reason)) => {
                tracing::warn!(
                    kind = kind.word(),
                    peer,
                    status = status.as_u16(),
                    reason,
                    "a request for a profile of this process was refused"
                );
                let content_type = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
                if status == StatusCode::UNAUTHORIZED {
                    return (status, [content_type, (header::WWW_AUTHENTICATE, "Bearer")], format!("{reason}\n")).into_response();
                }
                (status, [content_type], format!("{reason}\n")).into_response()
            }
        }
    }

    async fn run_profile(&self, kind: ProfileKind, parts: &Parts, peer: &str) -> Result<Vec<u8>, (StatusCode, String)> {
        self.access.check_access(&parts.headers).map_err(|(status, reason)| (status, reason.to_owned()))?;
        let Some(seconds) = requested_seconds(parts.uri.query()) else {
            let reason = format!("seconds is a whole number from {} to {}", PROFILE_SECONDS.start(), PROFILE_SECONDS.end());
            return Err((StatusCode::BAD_REQUEST, reason));
        };
        let Ok(permit) = self.free.clone().try_acquire_owned() else {
            return Err((StatusCode::CONFLICT, "another profile is being created".to_owned()));
        };
        tracing::warn!(kind = kind.word(), peer, seconds, "a profile of this process was requested");
        let profiler = self.profiler.clone();
        // In a task of its own: a profile that has begun is finished even if the client has gone.
        let task = tokio::spawn(async move {
            let result = profiler.profile(kind, Duration::from_secs(seconds)).await;
            drop(permit);
            result
        });
        let result = task.await.unwrap_or_else(|_| Err(ProfileError::Failed("its task panicked".to_owned())));
        result.map_err(ProfileError::refusal)
    }
}

impl ProfileAccess {
    fn check_access(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        // A page in a browser of this machine reaches its loopback addresses, too.
        if headers.contains_key(header::ORIGIN) {
            return Err((StatusCode::FORBIDDEN, "pages get no profile"));
        }
        let Some(token) = &self.token else {
            if !self.is_loopback {
                return Err((StatusCode::FORBIDDEN, "this listener is not on a loopback address: profiles need --profile-token"));
            }
            let reason = "the host of the request is neither localhost nor a loopback address: profiles need --profile-token";
            return if names_this_machine(headers) { Ok(()) } else { Err((StatusCode::FORBIDDEN, reason)) };
        };
        let sent_token =
            headers.get(header::AUTHORIZATION).and_then(|sent_token| sent_token.to_str().ok()?.strip_prefix("Bearer "));
        let is_right = sent_token.is_some_and(|sent_token| {
            // Digests have one length, so the comparison does not reveal that of the token.
            let (sent_token, token) = (Sha256::digest(sent_token.trim()), Sha256::digest(token));
            constant_time::verify_slices_are_equal(&sent_token[..], &token[..]).is_ok()
        });
        if is_right { Ok(()) } else { Err((StatusCode::UNAUTHORIZED, "the token of --profile-token is needed")) }
    }
}

/// Whether a request was sent to a loopback address, and not to a name that leads to one: that of a site which has rebound it, or of a proxy.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// Returns the seconds that a query string requests.
fn requested_seconds(query: Option<&str>) -> Option<u64> {
    let value = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("seconds="));
    let seconds = value.map_or(Some(DEFAULT_SECONDS), |value| value.parse().ok())?;
    PROFILE_SECONDS.contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use tokio::sync::Notify;

    use super::*;

    /// Returns a profile of a few bytes once the test allows it, and no heap profile.
    #[derive(Default)]
    struct FakeProfiler {
        begun: Notify,
        end: Notify,
    }

    #[async_trait]
    impl Profiler for FakeProfiler {
        async fn profile(&self, kind: ProfileKind, time: Duration) -> Result<Vec<u8>, ProfileError> {
            if kind == ProfileKind::Heap {
                return Err(ProfileError::NotBuilt);
            }
            self.begun.notify_one();
            self.end.notified().await;
            Ok(vec![0; time.as_secs() as usize])
        }
    }

    fn parts(uri: &str, headers: &[(&'static str, &'static str)]) -> Parts {
        let request = headers.iter().fold(Request::post(uri), |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    fn profiles(told: &Arc<FakeProfiler>, is_loopback: bool, token: Option<&str>) -> Arc<Profiles> {
        let access = ProfileAccess { is_loopback, token: token.map(str::to_owned) };
        Arc::new(Profiles { profiler: told.clone(), access, free: Arc::new(Semaphore::new(1)) })
    }

    #[tokio::test]
    async fn one_profile_is_made_at_a_time_and_ends_though_its_caller_is_gone() {
        let told = Arc::new(FakeProfiler::default());
        let profiles = profiles(&told, true, None);
        let first = {
            let profiles = profiles.clone();
            tokio::spawn(async move { profiles.answer(ProfileKind::Cpu, &parts("/debug/cpu?seconds=7", &[])).await })
        };
        told.begun.notified().await;
        let second = parts("/debug/heap", &[]);
        assert_eq!(profiles.answer(ProfileKind::Heap, &second).await.status(), StatusCode::CONFLICT);
        first.abort();
        assert!(first.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(profiles.answer(ProfileKind::Heap, &second).await.status(), StatusCode::CONFLICT, "it is still made");
        told.end.notify_one();
        while profiles.free.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        let refused = profiles.answer(ProfileKind::Heap, &second).await;
        assert_eq!(refused.status(), StatusCode::NOT_IMPLEMENTED);
        told.end.notify_one();
        let profile = profiles.answer(ProfileKind::Cpu, &parts("/debug/cpu?seconds=7", &[])).await;
        assert_eq!((profile.status(), profile.headers()["cache-control"].as_bytes()), (StatusCode::OK, b"no-store".as_slice()));
        assert_eq!(to_bytes(profile.into_body(), 100).await.unwrap().len(), 7);
    }

    #[tokio::test]
    async fn seconds_have_bounds() {
        let told = Arc::new(FakeProfiler::default());
        let profiles = profiles(&told, true, None);
        for query in ["seconds=0", "seconds=61", "seconds=-1", "seconds=1.5", "seconds=", "a=b&seconds=x"] {
            let answer = profiles.answer(ProfileKind::Cpu, &parts(&format!("/debug/cpu?{query}"), &[])).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        }
        let found = [None, Some(""), Some("seconds=1"), Some("a=b&seconds=60")].map(requested_seconds);
        assert_eq!(found, [Some(10), Some(10), Some(1), Some(60)]);
    }

    /// A request for a profile that the binary cannot make.
    async fn status(is_loopback: bool, token: Option<&str>, headers: &[(&'static str, &'static str)]) -> StatusCode {
        let profiles = profiles(&Arc::default(), is_loopback, token);
        profiles.answer(ProfileKind::Heap, &parts("/debug/heap", headers)).await.status()
    }

    #[tokio::test]
    async fn elsewhere_than_on_loopback_a_token_is_needed() {
        let (right, wrong) = ([("authorization", "Bearer open sesame")], [("authorization", "Bearer open sesam")]);
        let token = Some("open sesame");
        assert_eq!(status(true, None, &[]).await, StatusCode::NOT_IMPLEMENTED, "it got as far as the profiler");
        assert_eq!(status(true, None, &[("origin", "https://elsewhere.example")]).await, StatusCode::FORBIDDEN);
        for host in ["127.0.0.1:9090", "localhost", "[::1]:9090"] {
            assert_eq!(status(true, None, &[("host", host)]).await, StatusCode::NOT_IMPLEMENTED, "{host}");
        }
        for host in ["rebound.example:9090", "localhost.example", "10.0.0.1", ""] {
            assert_eq!(status(true, None, &[("host", host)]).await, StatusCode::FORBIDDEN, "{host}");
        }
        assert_eq!(status(false, None, &right).await, StatusCode::FORBIDDEN);
        assert_eq!(status(true, token, &[right[0], ("host", "metrics.example")]).await, StatusCode::NOT_IMPLEMENTED);
        for is_loopback in [true, false] {
            assert_eq!(status(is_loopback, token, &right).await, StatusCode::NOT_IMPLEMENTED);
            assert_eq!(status(is_loopback, token, &wrong).await, StatusCode::UNAUTHORIZED);
            assert_eq!(status(is_loopback, token, &[]).await, StatusCode::UNAUTHORIZED);
            assert_eq!(status(is_loopback, token, &[("authorization", "open sesame")]).await, StatusCode::UNAUTHORIZED);
        }
    }
}
