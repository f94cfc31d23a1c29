//! The registry of permissions, and sets of them.

/// Class of a permission: for the whole tenant, or for stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// For the whole tenant: a grant for some stores never includes it.
    Tenant,
    /// For the stores of the grant.
    Store,
}

/// A permission, for people who write policies.
#[derive(Debug, Clone, Copy)]
pub struct PermissionInfo {
    pub code: &'static str,
    pub class: Class,
    pub description: &'static str,
}

/// A permission as a type: `Permit<kind::StockAdjust>` is the proof that it was checked.
pub trait Permission: Send + Sync + 'static {
    const INDEX: usize;
    fn info() -> &'static PermissionInfo {
        &REGISTRY[Self::INDEX]
    }
}

macro_rules! permissions {
    ($($name:ident $code:literal $class:ident $description:literal;)*) => {
        enum Index { $($name),* }
        /// Every permission there is. A policy that names another one is refused at start.
        pub const REGISTRY: &[PermissionInfo] = &[$(PermissionInfo { code: $code, class: Class::$class, description: $description }),*];
        /// The permissions as types.
        pub mod kind {
            $(#[derive(Debug, Clone, Copy)] pub enum $name {}
            impl super::Permission for $name { const INDEX: usize = super::Index::$name as usize; })*
        }
    };
}

permissions! {
    StoreRead "store.read" Tenant "See stores.";
    StoreWrite "store.write" Tenant "Create, change and archive stores, and groups of them.";
    ProductRead "product.read" Tenant "See products, categories, suppliers and families.";
    ProductCostRead "product.cost.read" Tenant "See what products cost.";
    ProductWrite "product.write" Tenant "Create, change and archive products, categories, suppliers and families.";
    CustomerRead "customer.read" Tenant "See customers.";
    CustomerContactRead "customer.contact.read" Tenant "See how customers can be reached.";
    CustomerWrite "customer.write" Tenant "Create and change customers.";
    CustomerErase "customer.erase" Tenant "Forget who a customer is, for good.";
    CustomerMerge "customer.merge" Tenant "Merge a customer into another.";
    SupplierMerge "supplier.merge" Tenant "Merge a supplier into another.";
    ChannelRead "channel.read" Tenant "See channels.";
    ChannelWrite "channel.write" Tenant "Create and change channels.";
    StockRead "stock.read" Store "See stock levels and follow them live.";
    StockAvailabilityRead "stock.availability.read" Store "See how much of a product is available where, and nothing else of its stock.";
    StockMovementRead "stock.movement.read" Store "See the ledger: movements and their entries.";
    StockAdjust "stock.adjust" Store "Receive, sell, take out and correct stock.";
    StockSet "stock.set" Store "Set stock to an absolute figure.";
    StockReverse "stock.reverse" Store "Reverse a movement.";
    DocumentReverse "document.reverse" Store "Reverse documents whose goods are still there, with the permission that made them.";
    StockReserve "stock.reserve" Store "Reserve and release stock.";
    StockOverride "stock.override" Store "Post a physical fact that takes what was promised or was not there.";
    LotWrite "lot.write" Tenant "Make lots, change their dates, take them out of sale, recall and release them.";
    OrderRead "order.read" Store "See orders and returns.";
    OrderWrite "order.write" Store "Create and confirm orders.";
    OrderPrice "order.price" Tenant "Sell at another price than the product's.";
    OrderFulfil "order.fulfil" Store "Ship orders.";
    OrderCancel "order.cancel" Store "Cancel orders.";
    OrderHold "order.hold" Store "Set holds on orders, which keep their goods back, and lift them.";
    OrderHoldFraud "order.hold.fraud" Store "Lift holds of the kind FRAUD.";
    PaymentWrite "payment.write" Store "Record what was authorised and captured for orders, and given up.";
    PaymentRefund "payment.refund" Store "Record what was refunded of orders.";
    InvoiceIssue "invoice.issue" Store "Issue invoices of orders, and credit notes of invoices.";
    OrderReturn "order.return" Store "Take returns.";
    ReturnApprove "return.approve" Store "Approve and reject returns, and close them with what is given back.";
    FulfilmentRead "fulfilment.read" Store "See what the store has to send, and nothing else of the orders.";
    FulfilmentWork "fulfilment.work" Store "Accept, reject, pick and pack what the store has to send.";
    FulfilmentShip "fulfilment.ship" Store "Ship what was packed, and say what became of it.";
    FulfilmentAssign "fulfilment.assign" Store "Give what a store has to send to another store.";
    FulfilmentAddressRead "fulfilment.address.read" Store "See where what the store has to send goes to.";
    TransferRead "transfer.read" Store "See transfers from or to the store.";
    TransferWrite "transfer.write" Store "Ask for transfers from or to the store, change and cancel them.";
    TransferShip "transfer.ship" Store "Hold the store's stock for transfers and send it off.";
    TransferReceive "transfer.receive" Store "Take in what was sent to the store, and write off what did not arrive.";
    CountRead "count.read" Store "See counts of the store's stock, and how far they are.";
    CountWrite "count.write" Store "Plan, start and call off counts.";
    CountRecord "count.record" Store "Count, and hand a count in.";
    CountReview "count.review" Store "See what a count was off by, also of a blind one, and have lines counted again.";
    CountApprove "count.approve" Store "Approve counts, which sets the stock to what was found.";
    PurchaseRead "purchase.read" Store "See purchase orders, returns to suppliers, and what should be ordered.";
    PurchaseWrite "purchase.write" Store "Write purchase orders, ask for their approval, order, close and cancel them.";
    PurchaseApprove "purchase.approve" Store "Approve or reject purchase orders.";
    PurchaseReceive "purchase.receive" Store "Count deliveries in, and send goods back to their suppliers.";
    AlertRead "alert.read" Store "See alerts: stock that ran low or out, lots that expire, purchase orders that are late, counts that were off.";
    AlertWrite "alert.write" Store "Take note of alerts, put them off, hand them over, resolve them.";
    AlertRuleWrite "alert_rule.write" Store "See and set the rules for alerts: at which line they are opened, and who is told.";
    StockPolicy "stock.policy" Store "Set when levels are filled up: reorder points, maxima, safety stock; and their bin locations.";
    CostWrite "cost.write" Tenant "Say what stock is worth: revalue it.";
    RateRead "rate.read" Tenant "See exchange rates.";
    RateWrite "rate.write" Tenant "Enter exchange rates.";
    ReportRead "report.read" Store "See sales and stock reports.";
    ViewRead "view.read" Store "See saved views and read them, as far as one's own rights go.";
    ViewManage "view.manage" Tenant "Make saved views, change and remove them.";
    MemberRead "member.read" Tenant "See members and what they may do.";
    MemberWrite "member.write" Tenant "Change what members may do, within one's own rights.";
    MemberInvite "member.invite" Tenant "Invite people, with rights within one's own.";
    RoleRead "role.read" Tenant "See roles and what they give.";
    RoleWrite "role.write" Tenant "Create, change and remove roles, within one's own rights.";
    ApikeyRead "apikey.read" Tenant "See integrations and their keys; never a secret.";
    ApikeyWrite "apikey.write" Tenant "Make integrations and keys, roll and revoke them, within one's own rights.";
    SandboxWrite "sandbox.write" Tenant "Make sandboxes: tenants for trying things out beside this one.";
    TenantWrite "tenant.write" Tenant "Change the tenant's settings.";
    AuditRead "audit.read" Tenant "See the audit log.";
    WebhookRead "webhook.read" Tenant "See webhook endpoints, what was sent to them and what they answered; never a secret.";
    WebhookManage "webhook.manage" Tenant "Make webhook endpoints and change them, turn their secrets over, send again. What is sent is what you may see yourself.";
    FileWrite "file.write" Store "Upload files, and fetch those that one has made.";
    ExchangeRun "exchange.run" Store "Import and export files, and run a mutation for each line of a file, as far as one's own rights go.";
    JobRead "job.read" Tenant "See what goes on beside the requests: jobs, when they ran, and why they failed.";
    JobManage "job.manage" Tenant "Let a job that has failed for good be tried again.";
}

const WORDS: usize = 2;
const _: () = assert!(REGISTRY.len() <= WORDS * 64, "a bit for each permission");

/// A set of permissions, a bit each, without their stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Bits([u64; WORDS]);

impl Bits {
    /// All permissions of the registry.
    pub fn all() -> Self {
        (0..REGISTRY.len()).collect()
    }
    pub fn insert(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }
    pub fn remove(&mut self, index: usize) {
        self.0[index / 64] &= !(1 << (index % 64));
    }
    pub fn holds(self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }
    pub fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own_word, word)| *own_word |= word);
    }
    /// Returns the intersection of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(own_word, word)| *own_word &= word);
        self
    }
    /// Returns the permissions that only this one has.
    #[must_use]
    pub fn without(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(own_word, word)| *own_word &= !word);
        self
    }
    pub fn is_empty(self) -> bool {
        self.0 == [0; WORDS]
    }
    pub fn indices(self) -> impl Iterator<Item = usize> {
        (0..REGISTRY.len()).filter(move |index| self.holds(*index))
    }
    pub fn infos(self) -> impl Iterator<Item = &'static PermissionInfo> {
        self.indices().map(|index| &REGISTRY[index])
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(indices: I) -> Self {
        let mut bits = Self::default();
        indices.into_iter().for_each(|index| bits.insert(index));
        bits
    }
}

/// The permission's code.
pub const fn code<P: Permission>() -> &'static str {
    REGISTRY[P::INDEX].code
}

/// The permission's place in the registry.
pub fn index_of(code: &str) -> Option<usize> {
    REGISTRY.iter().position(|permission| permission.code == code)
}
