//! Second factors: enrolled, shown, taken away.

use entity::prelude::*;
use platform::storage::{Fault, GlobalReads, GlobalWork};

use super::{Identity, IdentityError};
use crate::identity::{
    Session,
    core::{self, BACKUP_CODES, MemberRefusal, PENDING_SECONDS, Rejection},
    emails::EmailKind,
    rows::{
        self, factors,
        members::{self, MemberView},
        sessions::{self, EndReason, SessionRow, Which},
    },
};

/// A kind of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    Totp,
    BackupCode,
    /// A code that was sent to the account's address, for a login that is very unusual.
    Email,
}

/// What was shown and found good; it counts once it is used up.
pub(super) enum Proof {
    Step(i64),
    Code(i64),
}

/// What an authenticator is to be given.
#[derive(Debug)]
pub struct Enrolment {
    pub otpauth_uri: String,
    pub qr_svg: String,
}

/// The seed's length: what RFC 4226 recommends.
const SEED_BYTES: usize = 20;

impl Identity {
    /// The kinds of second factor that the user has.
    pub(super) async fn factors(db: &impl GlobalReads, user: UserId) -> Result<Vec<Factor>, Fault> {
        if !factors::has_factor(db, user).await? {
            return Ok(Vec::new());
        }
        let has_codes = factors::backup_codes_left(db, user).await? > 0;
        Ok([Some(Factor::Totp), has_codes.then_some(Factor::BackupCode)].into_iter().flatten().collect())
    }

    pub async fn has_factor(&self, user: UserId) -> Result<bool, Fault> {
        factors::has_factor(&self.db.global(), user).await
    }

    /// Looks at a code. The try is counted before, and taken back when the proof is used up.
    pub(super) async fn look_at(&self, user: UserId, factor: Factor, code: &str) -> Result<Proof, IdentityError> {
        let now = self.clock.now();
        let work = self.db.global().begin().await?;
        let may_try = factors::take_try(&work, user, now).await?;
        work.commit().await?;
        if let Err(until) = may_try {
            let wait = until.micros().saturating_sub(now.micros()).max(1_000);
            return Err(IdentityError::Wait { retry_after_ms: wait.unsigned_abs().div_ceil(1_000) });
        }
        let global = self.db.global();
        let proof = match factor {
            Factor::Totp => {
                let kept = factors::totp(&global, user).await?;
                let sealed = kept.seed.ok_or(Rejection::MfaInvalid)?;
                let seed = self.ring.open(&factors::SEED.context(&[user.uuid()]), &sealed)?;
                core::matching_step(&seed, code, now.micros() / 1_000_000).map(Proof::Step)
            }
            // Such a code belongs to its login, which looks at it.
            Factor::Email => None,
            Factor::BackupCode => {
                let read = core::read_backup_code(code);
                let hash = match &read {
                    Some((number, _)) => factors::backup_code(&global, user, *number).await?,
                    None => None,
                };
                // A code that is not there takes as long as a wrong one.
                let (number, plain) = read.unwrap_or_default();
                self.passwords.verify(&plain, hash.as_deref()).await?.then_some(Proof::Code(number))
            }
        };
        Ok(proof.ok_or(Rejection::MfaInvalid)?)
    }

    /// Uses a proof up; false when it was used before.
    pub(super) async fn use_up(&self, work: &GlobalWork, user: UserId, proof: &Proof) -> Result<bool, Fault> {
        match proof {
            Proof::Step(step) => factors::use_step(work, user, *step).await,
            Proof::Code(number) => factors::use_backup_code(work, user, *number, self.clock.now()).await,
        }
    }

    /// Begins an enrolment. Whoever has an authenticator already shows it first; it goes on counting until the new one has shown a code.
    pub async fn totp_enrol(&self, session: &Session) -> Result<Enrolment, IdentityError> {
        let global = self.db.global();
        if factors::has_factor(&global, session.user).await? && !session.mfa {
            return Err(IdentityError::StepUp);
        }
        let user = rows::user(&global, session.user).await?.ok_or_else(|| Fault::corrupt("session", "a session has a user"))?;
        let mut seed = [0u8; SEED_BYTES];
        self.clock.fill(&mut seed);
        let uri = core::otpauth_uri(&seed, &user.email);
        let drawn = uri.as_deref().and_then(core::svg);
        let (Some(otpauth_uri), Some(qr_svg)) = (uri, drawn) else {
            return Err(Fault::Broken("an address that no QR code holds".to_owned()).into());
        };
        let sealed = self.ring.seal(&factors::PENDING_SEED.context(&[session.user.uuid()]), &seed)?;
        let work = global.begin().await?;
        factors::put_pending(&work, session.user, sealed, self.clock.now()).await?;
        work.commit().await?;
        Ok(Enrolment { otpauth_uri, qr_svg })
    }

    /// Ends an enrolment by the first code; gives the codes for emergencies. The session now counts as one of two factors, the user's others end.
    pub async fn totp_confirm(&self, session: &Session, code: &str) -> Result<Vec<String>, IdentityError> {
        let (now, user) = (self.clock.now(), session.user);
        let kept = factors::totp(&self.db.global(), user).await?;
        let waiting = kept.pending.filter(|(_, at)| at.plus_seconds(PENDING_SECONDS) > now);
        let Some((pending, _)) = waiting else {
            return Err(Rejection::NoEnrolment.into());
        };
        if kept.seed.is_some() && !session.mfa {
            return Err(IdentityError::StepUp);
        }
        let seed = self.ring.open(&factors::PENDING_SEED.context(&[user.uuid()]), &pending)?;
        let step = core::matching_step(&seed, code, now.micros() / 1_000_000).ok_or(Rejection::MfaInvalid)?;
        let sealed = self.ring.seal(&factors::SEED.context(&[user.uuid()]), &seed)?;
        let (codes, hashes) = self.draw_backup_codes().await?;
        let work = self.db.global().begin().await?;
        // A login that began before ends with its session written, and that one is ended here.
        rows::lock_password(&work, user).await?;
        // The codes took their time: whoever has set a new password meanwhile, as the session was a stranger's, is not locked out by its factor.
        if let Err(refused) = Self::still_open(&work, session).await {
            work.rollback().await?;
            return Err(refused);
        }
        // Before the authenticator, as whoever shows such a code takes them.
        factors::put_backup_codes(&work, user, hashes).await?;
        if !factors::confirm(&work, user, (pending, sealed), step, now).await? {
            work.rollback().await?;
            return Err(Rejection::MfaInvalid.into());
        }
        // Logins that wait for a code from a letter end too: they would come in with that alone.
        let ended = sessions::end(&work, Which::OthersOfUser(user, session.id), EndReason::Factor, now).await?;
        sessions::showed_factor(&work, session.id, now).await?;
        work.commit().await?;
        self.presence.end(&ended);
        self.presence.forget(session.id);
        Ok(codes)
    }

    async fn draw_backup_codes(&self) -> Result<(Vec<String>, Vec<String>), Fault> {
        let (mut codes, mut hashes) = (Vec::new(), Vec::new());
        for number in 1..=BACKUP_CODES {
            let mut random = [0u8; 10];
            self.clock.fill(&mut random);
            let code = core::backup_code(number, random);
            hashes.push(self.passwords.hash(&code).await?);
            codes.push(code);
        }
        Ok((codes, hashes))
    }

    /// Replaces the codes for emergencies as a set. Of two calls at once each gives a set, and the one that commits last is the one that counts.
    pub async fn new_backup_codes(&self, session: &Session) -> Result<Vec<String>, IdentityError> {
        self.needs_factor(session).await?;
        let (codes, hashes) = self.draw_backup_codes().await?;
        let work = self.db.global().begin().await?;
        // Another call would not see the rows of this one when it takes the old ones away, and meet them when it writes its own.
        rows::lock_password(&work, session.user).await?;
        if let Err(refused) = Self::still_has_factor(&work, session).await {
            work.rollback().await?;
            return Err(refused);
        }
        factors::put_backup_codes(&work, session.user, hashes).await?;
        work.commit().await?;
        Ok(codes)
    }

    /// Takes the caller's own second factor away.
    pub async fn totp_remove(&self, session: &Session) -> Result<(), IdentityError> {
        self.needs_factor(session).await?;
        let work = self.db.global().begin().await?;
        // Whoever confirms another one meanwhile is done, or begins after this: no codes are left without a factor.
        rows::lock_password(&work, session.user).await?;
        if let Err(refused) = Self::still_has_factor(&work, session).await {
            work.rollback().await?;
            return Err(refused);
        }
        factors::remove(&work, session.user).await?;
        let now = self.clock.now();
        let ended = sessions::end(&work, Which::OthersOfUser(session.user, session.id), EndReason::Factor, now).await?;
        sessions::unshow_factor(&work, session.id).await?;
        work.commit().await?;
        self.presence.end(&ended);
        self.presence.forget(session.id);
        Ok(())
    }

    /// The caller has a second factor and has shown it in this session.
    async fn needs_factor(&self, session: &Session) -> Result<(), IdentityError> {
        if !self.has_factor(session.user).await? {
            return Err(Rejection::NoFactor.into());
        }
        if session.mfa { Ok(()) } else { Err(IdentityError::StepUp) }
    }

    /// The same in a transaction that holds the account: whoever took the factor away, or confirmed another one, has ended the user's other sessions, and
    /// theirs stays.
    async fn still_has_factor(work: &GlobalWork, session: &Session) -> Result<(), IdentityError> {
        if !factors::has_factor(work, session.user).await? {
            return Err(Rejection::NoFactor.into());
        }
        let row = Self::still_open(work, session).await?;
        if row.mfa_at.is_some() { Ok(()) } else { Err(IdentityError::StepUp) }
    }

    /// The caller's session, which has not ended since it was let in.
    async fn still_open(work: &GlobalWork, session: &Session) -> Result<SessionRow, IdentityError> {
        let row = sessions::by_id(work, session.id).await?;
        row.filter(|row| row.ended_at.is_none()).ok_or(IdentityError::StepUp)
    }

    /// Why a user's second factor is not reset by others.
    async fn reset_refusal(db: &impl GlobalReads, user: UserId) -> Result<Option<MemberRefusal>, Fault> {
        if rows::memberships(db, user).await?.len() > 1 {
            return Ok(Some(MemberRefusal::FactorElsewhere));
        }
        Ok((!factors::has_factor(db, user).await?).then_some(MemberRefusal::NoFactor))
    }

    /// Takes a member's second factor away, so that they can enrol another; all their sessions end. Nobody can set one for somebody else,
    /// and nobody does this for a person who belongs to other companies too.
    pub async fn reset_factor(&self, session: &Session, member: MemberId) -> Result<MemberView, IdentityError> {
        let global = self.db.global();
        let found = members::member_with_user(&global, session.tenant, member).await?;
        let view = found.ok_or(MemberRefusal::Unknown)?;
        let user = view.membership.user;
        let refused = if user == session.user {
            Some(MemberRefusal::OwnFactor)
        } else if view.membership.status == MemberStatus::Invited {
            Some(MemberRefusal::FactorOfInvited)
        } else {
            Self::reset_refusal(&global, user).await?
        };
        if let Some(why) = refused {
            return Err(why.into());
        }
        let work = GlobalWork::from(global.maintenance_for(session.tenant).await?);
        self.within_own_rights(&work, session, member).await?;
        rows::lock_password(&work, user).await?;
        // Of two who do this at once, one has done it.
        if let Some(why) = Self::reset_refusal(&work, user).await? {
            work.rollback().await?;
            return Err(why.into());
        }
        factors::remove(&work, user).await?;
        let ended = sessions::end(&work, Which::OfUser(user), EndReason::Factor, self.clock.now()).await?;
        work.commit().await?;
        self.presence.end(&ended);
        let tenant = rows::tenant(&global, session.tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
        self.write(EmailKind::FactorReset { tenant }, &view.email, &view.display_name);
        Ok(MemberView { mfa_enabled: false, ..view })
    }
}
