//! The interface `Node`: see `graphql/abstract_type.rs`.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Error, ID, InterfaceType, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::Field,
    registry::{MetaField, MetaType, MetaTypeId, Registry},
    resolver_utils::{Fields, resolve_container},
};

use crate::{
    access::{ApiKey, Integration, Role, StoreGroup},
    alerts::{Alert, AlertRule},
    anomalies::StockAnomaly,
    attachments::Attachment,
    audit::AuditEntry,
    catalog::{Category, Channel, Customer, Product, ProductFamily, Store, Supplier},
    costing::StockRevaluation,
    counts::Stocktake,
    currency::ExchangeRate,
    exchange::DataJob,
    files::File,
    fulfilment::{FulfilmentWave, FulfilmentWork, Parcel, ShippingCarrier},
    graphql::abstract_type::{ObjectFields, abstract_type},
    identity::{LoginSession, Member, Tenant},
    jobs::BackgroundJob,
    liquidation::LiquidationPlan,
    media::{ProductDocument, ProductImage},
    notes::Note,
    orders::{Fulfilment, Order, OrderLine},
    papers::{Invoice, LegalEntity, Paper},
    payments::Payment,
    purchasing::{BlanketOrder, GoodsReceipt, PurchaseOrder, PurchaseOrderLine, SupplierReturn},
    replenishment::{ReplenishmentPlan, ReplenishmentPolicy},
    returns::Return,
    reversals::DocumentReversal,
    saved_views::SavedView,
    stock::{Lot, Reservation, StockEntry, StockLevel, StockMovement},
    transfers::Transfer,
    webhooks::WebhookEndpoint,
};

const NAME: &str = "Node";

/// Declares the enum, and the function that returns the ID of each of its objects.
macro_rules! node {
    ($($variant:ident($object:ty)),+ $(,)?) => {
        abstract_type! {
            /// Object with an ID.
            #[derive(Clone)]
            Node {
                $($variant($object),)+
            }
        }

        impl Node {
            /// TypeID of the object.
            ///
            /// # Errors
            /// Those of the object's own field.
            pub async fn id<'ctx>(&self, ctx: &'ctx Context<'ctx>) -> async_graphql::Result<ID> {
                match self {
                    $(Self::$variant(object) => object.id(ctx).await.map_err(Into::<Error>::into).map(Into::into),)+
                }
            }
        }
    };
}

node! {
    Product(Product),
    Category(Category),
    Supplier(Supplier),
    ProductFamily(ProductFamily),
    Store(Store),
    Customer(Customer),
    Channel(Channel),
    StoreGroup(StoreGroup),
    StockLevel(StockLevel),
    StockMovement(StockMovement),
    StockEntry(StockEntry),
    Reservation(Reservation),
    Lot(Lot),
    Order(Order),
    OrderLine(OrderLine),
    Fulfilment(Fulfilment),
    FulfilmentWork(FulfilmentWork),
    FulfilmentWave(FulfilmentWave),
    Parcel(Parcel),
    Carrier(ShippingCarrier),
    Return(Return),
    Payment(Payment),
    Transfer(Transfer),
    Stocktake(Stocktake),
    PurchaseOrder(PurchaseOrder),
    PurchaseOrderLine(PurchaseOrderLine),
    GoodsReceipt(GoodsReceipt),
    SupplierReturn(SupplierReturn),
    StockRevaluation(StockRevaluation),
    BlanketOrder(BlanketOrder),
    DocumentReversal(DocumentReversal),
    ExchangeRate(ExchangeRate),
    Tenant(Tenant),
    Member(Member),
    Role(Role),
    Integration(Integration),
    ApiKey(ApiKey),
    Session(LoginSession),
    AuditEntry(AuditEntry),
    BackgroundJob(BackgroundJob),
    WebhookEndpoint(WebhookEndpoint),
    File(File),
    ProductImage(ProductImage),
    ProductDocument(ProductDocument),
    DataJob(DataJob),
    Alert(Alert),
    AlertRule(AlertRule),
    StockAnomaly(StockAnomaly),
    ReplenishmentPlan(ReplenishmentPlan),
    ReplenishmentPolicy(ReplenishmentPolicy),
    LiquidationPlan(LiquidationPlan),
    Note(Note),
    Attachment(Attachment),
    SavedView(SavedView),
    Paper(Paper),
    Invoice(Invoice),
    LegalEntity(LegalEntity),
}

impl ContainerType for Node {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        if ctx.item.node.name.node == "id" {
            let id = self.id(ctx).await.map_err(|fault| fault.into_server_error(ctx.item.pos))?;
            let ctx_id = ctx.with_selection_set(&ctx.item.node.selection_set);
            return OutputType::resolve(&id, &ctx_id, ctx.item).await.map(Some);
        }
        Ok(None)
    }

    fn collect_all_fields<'a>(&'a self, ctx: &ContextSelectionSet<'a>, fields: &mut Fields<'a>) -> ServerResult<()> {
        (ObjectFields::of(ctx)?.node)(self, ctx, fields)
    }
}

impl OutputType for Node {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(NAME)
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.object_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Interface, |registry| {
            let possible_types = Self::describe_objects(registry, Some(NAME));
            let mut id = MetaField::new("id", <ID as OutputType>::create_type_info(registry));
            id.description = Some("TypeID of the object, equal in all fields that return it.".to_owned());
            MetaType::Interface {
                name: NAME.to_owned(),
                description: Some("Object with an ID.".to_owned()),
                fields: IndexMap::from([("id".to_owned(), id)]),
                possible_types,
                extends: false,
                keys: None,
                visible: None,
                inaccessible: false,
                tags: Vec::new(),
                rust_typename: Some(std::any::type_name::<Self>()),
                directive_invocations: Vec::new(),
                requires_scopes: Vec::new(),
            }
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _field: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl InterfaceType for Node {}
