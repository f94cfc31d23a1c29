//! Typed ids. Inside a UUIDv7; outside a TypeID: prefix, `_`, 26 characters of Crockford base32
//! (TypeID specification 0.3.0), the same string in every channel.

use std::{fmt, marker::PhantomData, str::FromStr};

use sea_orm::{
    ColIdx, DbErr, QueryResult, TryFromU64, TryGetError, TryGetable,
    sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr},
};
use uuid::Uuid;

/// Kind of an ID: its prefix outside and its name in messages.
pub trait Kind: Send + Sync + 'static {
    const PREFIX: &'static str;
    const NAME: &'static str;
}

/// The id of a `K`.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// Reason for which a string is not an ID of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("an id of the kind {expected} begins with {prefix}_, this one begins with {found}_")]
    WrongKind { expected: &'static str, prefix: &'static str, found: String },
    #[error("not an id: {prefix}_ and 26 characters are expected")]
    Malformed { prefix: &'static str },
}

/// Line ids are their document's id with the line number here.
const LINE_BITS: u32 = 12;
/// The most lines a document can have: ids of lines carry the line's number in 12 bits.
pub const MAX_LINES: u16 = (1 << LINE_BITS) - 1;

impl<K> Id<K> {
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
    pub const NIL: Self = Self::from_uuid(Uuid::nil());
    pub const fn uuid(self) -> Uuid {
        self.0
    }
    /// A document's id: the last 12 bits are cleared, so that its lines can be numbered there.
    pub const fn document(uuid: Uuid) -> Self {
        Self::from_uuid(Uuid::from_u128(uuid.as_u128() >> LINE_BITS << LINE_BITS))
    }
    /// The id of line `number` (1-based) of this document, as another kind.
    pub const fn line<L>(self, number: u16) -> Id<L> {
        Id::from_uuid(Uuid::from_u128(self.0.as_u128() | number as u128))
    }
    /// The document that a line's id belongs to, and the line's number.
    pub const fn split_line<D>(self) -> (Id<D>, u16) {
        let bits = self.0.as_u128();
        (Id::document(self.0), (bits & MAX_LINES as u128) as u16)
    }
    /// The same bits as an ID of another kind: for columns that hold IDs of several kinds.
    pub const fn cast<L>(self) -> Id<L> {
        Id::from_uuid(self.0)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BAD: u8 = 0xff;
const DECODE: [u8; 256] = {
    let mut table = [BAD; 256];
    let mut i = 0;
    while i < 32 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// The 26 characters of a uuid.
pub fn base32(uuid: Uuid) -> [u8; 26] {
    let mut out = [0u8; 26];
    let mut bits = uuid.as_u128();
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    out
}

/// Returns the UUID in an ID of any kind.
pub fn uuid_of(id: &str) -> Option<Uuid> {
    from_base32(id.rsplit_once('_')?.1.as_bytes())
}

fn from_base32(text: &[u8]) -> Option<Uuid> {
    // 26 characters hold 130 bits: the first may only be 0 to 7.
    if text.len() != 26 || text[0] > b'7' {
        return None;
    }
    let mut bits = 0u128;
    for byte in text {
        let value = DECODE[*byte as usize];
        if value == BAD {
            return None;
        }
        bits = bits << 5 | u128::from(value);
    }
    Some(Uuid::from_u128(bits))
}

impl<K: Kind> Id<K> {
    /// Appends the id as clients see it, without a formatter between: pages carry thousands of ids.
    pub fn push_to(self, out: &mut String) {
        out.push_str(K::PREFIX);
        out.push('_');
        out.extend(base32(self.0).iter().map(|b| *b as char));
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = base32(self.0);
        write!(f, "{}_{}", K::PREFIX, std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let malformed = IdError::Malformed { prefix: K::PREFIX };
        let Some((prefix, rest)) = text.rsplit_once('_') else { return Err(malformed) };
        let Some(uuid) = from_base32(rest.as_bytes()) else { return Err(malformed) };
        if prefix == K::PREFIX {
            return Ok(Self::from_uuid(uuid));
        }
        let plausible = prefix.len() <= 8 && prefix.bytes().all(|b| b.is_ascii_lowercase());
        if plausible {
            return Err(IdError::WrongKind { expected: K::NAME, prefix: K::PREFIX, found: prefix.to_owned() });
        }
        Err(malformed)
    }
}

/// The prefix of a TypeID, if the string looks like one: `node(id)` picks its table by it.
pub fn prefix_of(text: &str) -> Option<(&str, Uuid)> {
    let (prefix, rest) = text.rsplit_once('_')?;
    Some((prefix, from_base32(rest.as_bytes())?))
}

impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<K> From<Id<K>> for Value {
    fn from(id: Id<K>) -> Self {
        Value::from(id.0)
    }
}
impl<K> TryGetable for Id<K> {
    fn try_get_by<I: ColIdx>(res: &QueryResult, index: I) -> Result<Self, TryGetError> {
        Uuid::try_get_by(res, index).map(Self::from_uuid)
    }
}
impl<K> ValueType for Id<K> {
    fn try_from(v: Value) -> Result<Self, ValueTypeErr> {
        <Uuid as ValueType>::try_from(v).map(Self::from_uuid)
    }
    fn type_name() -> String {
        "Id".to_owned()
    }
    fn array_type() -> ArrayType {
        ArrayType::Uuid
    }
    fn column_type() -> ColumnType {
        ColumnType::Uuid
    }
}
impl<K> Nullable for Id<K> {
    fn null() -> Value {
        Value::Uuid(None)
    }
}
impl<K: Kind> TryFromU64 for Id<K> {
    fn try_from_u64(_: u64) -> Result<Self, DbErr> {
        Err(DbErr::ConvertFromU64("Id"))
    }
}
impl<K: Kind> sea_orm::IntoActiveValue<Id<K>> for Id<K> {
    fn into_active_value(self) -> sea_orm::ActiveValue<Id<K>> {
        sea_orm::ActiveValue::Set(self)
    }
}

macro_rules! kinds {
    ($($name:ident $prefix:literal $word:literal;)*) => {
        /// The kinds of ids, one an entity.
        pub mod kind {
            $(#[derive(Debug, Clone, Copy)] pub enum $name {}
            impl super::Kind for $name { const PREFIX: &'static str = $prefix; const NAME: &'static str = $word; })*
        }
        $(pub type $name = Id<kind::$name>;)*
        /// Prefixes of our IDs.
        pub const PREFIXES: &[&str] = &[$($prefix),*];
    };
}
kinds! {
    TenantId "ten" "tenant"; UserId "usr" "user"; MemberId "mem" "member"; SessionId "ses" "session"; SigningKeyId "sgk" "signing key";
    RefreshTokenId "rft" "refresh token"; AuditId "aud" "audit entry";
    StoreId "sto" "store"; CategoryId "cat" "category"; SupplierId "sup" "supplier"; FamilyId "fam" "product family";
    ProductId "prd" "product"; CustomerId "cus" "customer"; ChannelId "chn" "channel";
    LevelId "lvl" "stock level"; MovementId "mov" "movement"; EntryId "ent" "entry"; ReservationId "rsv" "reservation"; LotId "lot" "lot";
    OrderId "ord" "order"; OrderLineId "oln" "order line"; FulfilmentId "ful" "fulfilment"; HoldId "hld" "hold"; PaymentId "pay" "payment";
    FulfilmentWorkId "fwk" "fulfilment work"; FulfilmentWorkLineId "fwl" "fulfilment work line"; FulfilmentWaveId "fwv" "fulfilment wave"; ParcelId "pcl" "parcel"; CarrierId "car" "carrier";
    ReturnId "ret" "return"; ReturnLineId "rln" "return line";
    PurchaseOrderId "por" "purchase order"; PurchaseOrderLineId "pol" "purchase order line"; SupplierReturnId "srt" "supplier return";
    BlanketOrderId "bor" "blanket order";
    GoodsReceiptId "grn" "goods receipt"; RevaluationId "rvl" "revaluation"; ReversalId "rev" "reversal"; ExchangeRateId "fxr" "exchange rate";
    TransferId "trf" "transfer"; TransferLineId "tln" "transfer line"; CountId "cnt" "count"; CountLineId "cln" "count line";
    RoleId "rol" "role"; GroupId "grp" "store group"; ApiKeyId "key" "API key";
    EndpointId "whe" "webhook endpoint"; AttemptId "wha" "webhook attempt"; EventId "evt" "event"; JobId "job" "job"; WorkerId "wrk" "worker";
    FileId "fil" "file"; ExchangeId "exc" "exchange"; ImageId "img" "product image"; DocumentId "doc" "product document";
    AlertId "alr" "alert"; AlertRuleId "arl" "alert rule"; AnomalyId "anm" "stock anomaly"; NoteId "nte" "note"; AttachmentId "att" "attachment";
    ReplenishmentPolicyId "rpp" "replenishment policy"; ReplenishmentPlanId "rpl" "replenishment plan";
    SavedViewId "svw" "saved view"; SavedViewLinkId "svl" "link of a saved view";
    SavedViewScheduleId "svs" "schedule of a saved view"; ExportScheduleId "xsc" "export schedule";
    PaperId "ppr" "paper"; InvoiceId "inv" "invoice"; LegalEntityId "len" "legal entity";
    ReplenishmentLineId "rpi" "line of a replenishment plan";
    LiquidationPlanId "lqp" "liquidation plan"; LiquidationLineId "lqi" "line of a liquidation plan";
    IntegrationId "int" "integration"; ActorId "act" "actor"; ReferenceId "ref" "reference"; EpochId "epo" "epoch";
}
