//! Second factors: enrolled, shown, taken away.

use entity::prelude::*;
use platform::storage::{Fault, GlobalReads, GlobalWork};

use super::{error::IdentityError, service::Identity};
use crate::identity::{
    core::{self, BACKUP_CODE_COUNT, ENROLMENT_SECONDS, MemberRefusal, Rejection},
    emails::EmailKind,
    rows::{
        self, factors,
        members::{self, MemberView},
        sessions::{self, EndReason, SessionRow, SessionSelection},
    },
    session::Session,
};

/// A kind of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    Totp,
    BackupCode,
    /// A code that was sent to the account's address, for a login that is very unusual.
    Email,
}

/// A verified second factor; it counts once it is marked as used.
pub(super) enum Proof {
    Step(i64),
    Code(i64),
}

/// Data to set up an authenticator.
#[derive(Debug)]
pub struct Enrolment {
    pub otpauth_uri: String,
    pub qr_svg: String,
}

/// Length of the seed, as RFC 4226 recommends.
const SEED_BYTES: usize = 20;

impl Identity {
    /// The kinds of second factor that the user has.
    pub(super) async fn factors(db: &impl GlobalReads, user: UserId) -> Result<Vec<Factor>, Fault> {
        if !factors::has_factor(db, user).await? {
            return Ok(Vec::new());
        }
        let has_codes = factors::count_backup_codes(db, user).await? > 0;
        Ok([Some(Factor::Totp), has_codes.then_some(Factor::BackupCode)].into_iter().flatten().collect())
    }

    pub async fn has_factor(&self, user: UserId) -> Result<bool, Fault> {
        factors::has_factor(&self.db.global(), user).await
    }

    /// Checks a code. The attempt is counted before, and the count is reset when the proof is used
    /// up.
    pub(super) async fn verify_code(&self, user: UserId, factor: Factor, code: &str) -> Result<Proof, IdentityError> {
        let now = self.clock.now();
        let work = self.db.global().begin().await?;
        let attempt = factors::count_attempt(&work, user, now).await?;
        work.commit().await?;
        if let Err(retry_at) = attempt {
            let wait_micros = retry_at.micros().saturating_sub(now.micros()).max(1_000);
            return Err(IdentityError::Wait { retry_after_ms: wait_micros.unsigned_abs().div_ceil(1_000) });
        }
        let global = self.db.global();
        let proof = match factor {
            Factor::Totp => {
                let authenticator = factors::totp(&global, user).await?;
                let sealed = authenticator.seed.ok_or(Rejection::MfaInvalid)?;
                let seed = self.ring.open(&factors::SEED.context(&[user.uuid()]), &sealed)?;
                core::matching_step(&seed, code, now.micros() / 1_000_000).map(Proof::Step)
            }
            // A code from an e-mail belongs to its login, which checks it.
            Factor::Email => None,
            Factor::BackupCode => {
                let parsed_code = core::read_backup_code(code);
                let hash = match &parsed_code {
                    Some((number, _)) => factors::backup_code(&global, user, *number).await?,
                    None => None,
                };
                // A missing code takes as long as a wrong one.
                let (number, code_text) = parsed_code.unwrap_or_default();
                self.passwords.verify(&code_text, hash.as_deref()).await?.then_some(Proof::Code(number))
            }
        };
        Ok(proof.ok_or(Rejection::MfaInvalid)?)
    }

    /// Uses a proof up; false when it was used before.
    pub(super) async fn consume(&self, work: &GlobalWork, user: UserId, proof: &Proof) -> Result<bool, Fault> {
        match proof {
            Proof::Step(step) => factors::use_step(work, user, *step).await,
            Proof::Code(number) => factors::use_backup_code(work, user, *number, self.clock.now()).await,
        }
    }

    /// Begins an enrolment. A user with an authenticator has to show a code of it first; it stays
    /// valid until the new one has shown a code.
    pub async fn totp_enrol(&self, session: &Session) -> Result<Enrolment, IdentityError> {
        let global = self.db.global();
        if factors::has_factor(&global, session.user).await? && !session.mfa {
            return Err(IdentityError::StepUp);
        }
        let user = rows::user(&global, session.user).await?.ok_or_else(|| Fault::corrupt("session", "a session has a user"))?;
        let mut seed = [0u8; SEED_BYTES];
        self.clock.fill(&mut seed);
        let uri = core::otpauth_uri(&seed, &user.email);
        let qr_code = uri.as_deref().and_then(core::svg);
        let (Some(otpauth_uri), Some(qr_svg)) = (uri, qr_code) else {
            return Err(Fault::Broken("an address that no QR code holds".to_owned()).into());
        };
        let sealed = self.ring.seal(&factors::PENDING_SEED.context(&[session.user.uuid()]), &seed)?;
        let work = global.begin().await?;
        factors::store_pending_seed(&work, session.user, sealed, self.clock.now()).await?;
        work.commit().await?;
        Ok(Enrolment { otpauth_uri, qr_svg })
    }

    /// Completes an enrolment by its first code; returns the backup codes. The session now counts
    /// as one with a second factor, and the user's others end.
    pub async fn totp_confirm(&self, session: &Session, code: &str) -> Result<Vec<String>, IdentityError> {
        let (now, user) = (self.clock.now(), session.user);
        let authenticator = factors::totp(&self.db.global(), user).await?;
        let pending_enrolment = authenticator.pending.filter(|(_, at)| at.plus_seconds(ENROLMENT_SECONDS) > now);
        let Some((pending, _)) = pending_enrolment else {
            return Err(Rejection::NoEnrolment.into());
        };
        if authenticator.seed.is_some() && !session.mfa {
            return Err(IdentityError::StepUp);
        }
        let seed = self.ring.open(&factors::PENDING_SEED.context(&[user.uuid()]), &pending)?;
        let step = core::matching_step(&seed, code, now.micros() / 1_000_000).ok_or(Rejection::MfaInvalid)?;
        let sealed = self.ring.seal(&factors::SEED.context(&[user.uuid()]), &seed)?;
        let (codes, hashes) = self.generate_backup_codes().await?;
        let work = self.db.global().begin().await?;
        // A login that began before ends with its session written, and that one is ended here.
        rows::lock_password(&work, user).await?;
        // Hashing the backup codes takes time: if the session was a stranger's and the user has set
        // a new password meanwhile, the stranger's factor must not lock them out.
        if let Err(error) = Self::recheck_session(&work, session).await {
            work.rollback().await?;
            return Err(error);
        }
        // Backup codes are written before the authenticator, in the order in which a call that
        // shows such a code locks them.
        factors::replace_backup_codes(&work, user, hashes).await?;
        if !factors::confirm(&work, user, (pending, sealed), step, now).await? {
            work.rollback().await?;
            return Err(Rejection::MfaInvalid.into());
        }
        // Logins that wait for a code from an e-mail end too: they would complete with that code
        // alone.
        let ended_sessions =
            sessions::end(&work, SessionSelection::OthersOfUser(user, session.id), EndReason::Factor, now).await?;
        sessions::record_second_factor(&work, session.id, now).await?;
        work.commit().await?;
        self.presence.end(&ended_sessions);
        self.presence.invalidate(session.id);
        Ok(codes)
    }

    async fn generate_backup_codes(&self) -> Result<(Vec<String>, Vec<String>), Fault> {
        let (mut codes, mut hashes) = (Vec::new(), Vec::new());
        for number in 1..=BACKUP_CODE_COUNT {
            let mut random = [0u8; 10];
            self.clock.fill(&mut random);
            let code = core::backup_code(number, random);
            hashes.push(self.passwords.hash(&code).await?);
            codes.push(code);
        }
        Ok((codes, hashes))
    }

    /// Replaces the backup codes as a set. Two concurrent calls each return a set, and the set that
    /// is committed last is valid.
    pub async fn new_backup_codes(&self, session: &Session) -> Result<Vec<String>, IdentityError> {
        self.require_factor(session).await?;
        let (codes, hashes) = self.generate_backup_codes().await?;
        let work = self.db.global().begin().await?;
        // Another call would not see the rows of this one when it takes the old ones away, and meet them when it writes its own.
        rows::lock_password(&work, session.user).await?;
        if let Err(error) = Self::recheck_factor(&work, session).await {
            work.rollback().await?;
            return Err(error);
        }
        factors::replace_backup_codes(&work, session.user, hashes).await?;
        work.commit().await?;
        Ok(codes)
    }

    /// Takes the caller's own second factor away.
    pub async fn totp_remove(&self, session: &Session) -> Result<(), IdentityError> {
        self.require_factor(session).await?;
        let work = self.db.global().begin().await?;
        // A concurrent confirmation of another authenticator has committed, or begins after this
        // transaction: no backup codes are left without a factor.
        rows::lock_password(&work, session.user).await?;
        if let Err(error) = Self::recheck_factor(&work, session).await {
            work.rollback().await?;
            return Err(error);
        }
        factors::remove(&work, session.user).await?;
        let now = self.clock.now();
        let ended_sessions =
            sessions::end(&work, SessionSelection::OthersOfUser(session.user, session.id), EndReason::Factor, now).await?;
        sessions::clear_second_factor(&work, session.id).await?;
        work.commit().await?;
        self.presence.end(&ended_sessions);
        self.presence.invalidate(session.id);
        Ok(())
    }

    /// The caller has a second factor and has shown it in this session.
    async fn require_factor(&self, session: &Session) -> Result<(), IdentityError> {
        if !self.has_factor(session.user).await? {
            return Err(Rejection::NoFactor.into());
        }
        if session.mfa { Ok(()) } else { Err(IdentityError::StepUp) }
    }

    /// The same check in a transaction that has locked the account: a call that removed the factor,
    /// or confirmed another, has ended the user's other sessions and kept its own.
    async fn recheck_factor(work: &GlobalWork, session: &Session) -> Result<(), IdentityError> {
        if !factors::has_factor(work, session.user).await? {
            return Err(Rejection::NoFactor.into());
        }
        let row = Self::recheck_session(work, session).await?;
        if row.mfa_at.is_some() { Ok(()) } else { Err(IdentityError::StepUp) }
    }

    /// The caller's session, if it has not ended since the request was admitted.
    async fn recheck_session(work: &GlobalWork, session: &Session) -> Result<SessionRow, IdentityError> {
        let row = sessions::by_id(work, session.id).await?;
        row.filter(|row| row.ended_at.is_none()).ok_or(IdentityError::StepUp)
    }

    /// Returns the reason why others cannot reset a user's second factor.
    async fn reset_refusal(db: &impl GlobalReads, user: UserId) -> Result<Option<MemberRefusal>, Fault> {
        if rows::memberships(db, user).await?.len() > 1 {
            return Ok(Some(MemberRefusal::FactorElsewhere));
        }
        Ok((!factors::has_factor(db, user).await?).then_some(MemberRefusal::NoFactor))
    }

    /// Removes a member's second factor, so that they can enrol another; all their sessions end. A
    /// factor cannot be set for another member, and it cannot be removed from a person who belongs
    /// to other companies too.
    pub async fn reset_factor(&self, session: &Session, member: MemberId) -> Result<MemberView, IdentityError> {
        let global = self.db.global();
        let locked_member = members::member_with_user(&global, session.tenant, member).await?;
        let view = locked_member.ok_or(MemberRefusal::Unknown)?;
        let user = view.membership.user;
        let refusal = if user == session.user {
            Some(MemberRefusal::OwnFactor)
        } else if view.membership.status == MemberStatus::Invited {
            Some(MemberRefusal::FactorOfInvited)
        } else {
            Self::reset_refusal(&global, user).await?
        };
        if let Some(reason) = refusal {
            return Err(reason.into());
        }
        let work = GlobalWork::from(global.maintenance_for(session.tenant).await?);
        self.check_rights_over_member(&work, session, member).await?;
        rows::lock_password(&work, user).await?;
        // Checked again under the lock: of two concurrent calls only one resets the factor.
        if let Some(reason) = Self::reset_refusal(&work, user).await? {
            work.rollback().await?;
            return Err(reason.into());
        }
        factors::remove(&work, user).await?;
        let ended_sessions = sessions::end(&work, SessionSelection::OfUser(user), EndReason::Factor, self.clock.now()).await?;
        work.commit().await?;
        self.presence.end(&ended_sessions);
        let tenant = rows::tenant(&global, session.tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
        self.write(EmailKind::FactorReset { tenant }, &view.email, &view.display_name);
        Ok(MemberView { mfa_enabled: false, ..view })
    }
}
