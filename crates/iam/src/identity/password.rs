//! argon2id, on a bounded pool: a login costs 19 MiB and some 20 ms of a core, and must not cost other requests theirs.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use platform::{clock::Clock, priority, storage::Fault};
use tokio::sync::{Semaphore, oneshot};

/// OWASP's floor: m = 19 MiB, t = 2, p = 1 (Password Storage Cheat Sheet).
const MEMORY_KIB: u32 = 19_456;
const ITERATIONS: u32 = 2;
const PARALLELISM: u32 = 1;

/// Maximum calls in the queue; further ones are refused as busy. A hash takes some 20 ms.
const MAX_QUEUED: usize = 256;
/// Nice value of a thread that hashes a password: on a busy core it gets a tenth of the time of
/// others (sched(7)), so that other requests are still served.
const HASHING_NICE_VALUE: i32 = 10;
/// Maximum wait in the queue.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// Hashes and checks passwords, at once at most as many as half of the cores and behind everything else that wants to run: a storm of
/// logins waits for itself.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Hash of a dummy password: checked when the account is unknown, so that both cases take the
    /// same time.
    dummy_hash: Arc<str>,
    clock: Clock,
}

fn argon() -> Result<Argon2<'static>, Fault> {
    let params = Params::new(MEMORY_KIB, ITERATIONS, PARALLELISM, None).map_err(|err| Fault::Broken(err.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// `$argon2id$…` (PHC) of "nobody" under a fixed salt with the parameters above; only its cost matters.
pub const DUMMY_PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$Zm9yIHRpbWluZyBvbmx5IDMyIGJ5dGVzIGhlcmUuLi4";

impl Passwords {
    pub fn new(clock: Clock) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let permits = Arc::new(Semaphore::new(cores.div_ceil(2)));
        Self { permits, waiting: Arc::new(Semaphore::new(MAX_QUEUED)), dummy_hash: DUMMY_PASSWORD_HASH.into(), clock }
    }

    /// The PHC string to keep.
    pub async fn hash(&self, password: &str) -> Result<String, Fault> {
        let mut salt = [0u8; 16];
        self.clock.fill(&mut salt);
        let password = password.to_owned();
        self.run(move || {
            let hash =
                argon()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(|err| Fault::Broken(err.to_string()))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is the account's; `stored` is None for an account that does not exist, which takes as long.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Fault> {
        let has_password = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy_hash).to_owned();
        let password = password.to_owned();
        let matches = self
            .run(move || {
                let hash = PasswordHash::new(&stored).map_err(|_| Fault::corrupt("app_user", "password_hash is a PHC string"))?;
                Ok(argon()?.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(matches && has_password)
    }

    /// Whether a hash was made with at least the current parameters.
    pub fn is_strong(stored: &str) -> bool {
        let Ok(hash) = PasswordHash::new(stored) else { return false };
        let has_minimum = |name: &str, minimum: u32| hash.params.get_decimal(name).is_some_and(|actual| actual >= minimum);
        hash.algorithm.as_str() == "argon2id"
            && has_minimum("m", MEMORY_KIB)
            && has_minimum("t", ITERATIONS)
            && has_minimum("p", PARALLELISM)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
        let _queue_slot = self.waiting.try_acquire().map_err(|_| Fault::Overloaded)?;
        let permit =
            tokio::time::timeout(QUEUE_TIMEOUT, self.permits.clone().acquire_owned()).await.map_err(|_| Fault::Overloaded)?;
        let permit = permit.map_err(|_| Fault::ShuttingDown)?;
        let (sender, receiver) = oneshot::channel();
        std::thread::Builder::new()
            .name("password".to_owned())
            .spawn(move || {
                // The permit is held until the work is done, even if the caller has gone.
                let _permit = permit;
                priority::lower(HASHING_NICE_VALUE);
                sender.send(work()).ok();
            })
            .map_err(|err| Fault::Broken(format!("no thread for a password: {err}")))?;
        receiver.await.map_err(|_| Fault::Broken("a password's thread ended early".to_owned()))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_its_own_hashes_and_nobody() {
        let passwords = Passwords::new(Clock::system());
        let hash = passwords.hash("correct horse battery").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse battery", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horse batterz", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("nobody", None).await.unwrap());
    }

    #[test]
    fn knows_what_was_hashed_when_less_was_enough() {
        assert!(Passwords::is_strong(DUMMY_PASSWORD_HASH));
        for weaker in [
            DUMMY_PASSWORD_HASH.replace("m=19456", "m=4096"),
            DUMMY_PASSWORD_HASH.replace("t=2", "t=1"),
            DUMMY_PASSWORD_HASH.replace("argon2id", "argon2i"),
        ] {
            assert!(!Passwords::is_strong(&weaker), "{weaker}");
        }
        assert!(!Passwords::is_strong("plain"));
    }

    #[tokio::test]
    async fn a_storm_is_told_that_we_are_busy() {
        let passwords = Passwords::new(Clock::system());
        let _all = passwords.waiting.acquire_many(u32::try_from(MAX_QUEUED).unwrap()).await.unwrap();
        assert!(matches!(passwords.verify("x", None).await, Err(Fault::Overloaded)));
    }
}
