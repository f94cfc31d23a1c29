//! The interface `Node`: what `derive(Interface)` makes of an enum, but for one thing. The fields of an object that was found as a node are
//! collected by a function of the schema's data. Called by name, it would make each crate that resolves a node compile the resolvers of
//! all kinds of objects (`docs/decisions/0386`).

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Error, ID, InterfaceType, OutputType, Positioned, ServerResult, Value,
    indexmap::{IndexMap, IndexSet},
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

/// Taker of the object of a node, whatever its type.
pub trait ForObject<'a> {
    /// Takes the object.
    ///
    /// # Errors
    /// An error of the object's fields.
    fn object<T: ContainerType>(self, object: &'a T) -> ServerResult<()>;
}

/// Collects the fields that are selected of the object of a node. It is among the data of each schema that resolves nodes.
pub struct NodeFields(pub for<'a> fn(&'a Node, &ContextSelectionSet<'a>, &mut Fields<'a>) -> ServerResult<()>);

/// Declares the enum, and what names each of its types.
macro_rules! node {
    ($($variant:ident($object:ty)),+ $(,)?) => {
        /// Object with an ID.
        #[derive(Clone)]
        pub enum Node {
            $($variant($object),)+
        }

        $(impl From<$object> for Node {
            fn from(object: $object) -> Self {
                Self::$variant(object)
            }
        })+

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

            /// Hands over the object. It is generic, so the resolvers of all objects are compiled in the crate that calls it.
            ///
            /// # Errors
            /// Those of `taker`.
            pub fn with_object<'a>(&'a self, taker: impl ForObject<'a>) -> ServerResult<()> {
                match self {
                    $(Self::$variant(object) => taker.object(object),)+
                }
            }

            fn object_name(&self) -> Cow<'static, str> {
                match self {
                    $(Self::$variant(_) => <$object as OutputType>::type_name(),)+
                }
            }

            /// Describes the types of all variants, and gives their names in order.
            fn describe_objects(registry: &mut Registry) -> IndexSet<String> {
                let mut names = IndexSet::new();
                $(
                    <$object as OutputType>::create_type_info(registry);
                    registry.add_implements(&<$object as OutputType>::type_name(), NAME);
                    names.insert(<$object as OutputType>::type_name().into_owned());
                )+
                names
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
        let NodeFields(collect) = ctx.data::<NodeFields>().map_err(|missing| missing.into_server_error(ctx.item.pos))?;
        collect(self, ctx, fields)
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
            let possible_types = Self::describe_objects(registry);
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
