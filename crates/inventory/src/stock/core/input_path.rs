//! Places in the input of a call, as refusals name them. The API converts one to a path, an import
//! to its column.

/// A named field of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    AbcClass,
    AddLines,
    Amount,
    Basis,
    BillingAddress,
    BlanketOrder,
    CallOffMinimum,
    CallOffMultiple,
    CancelLines,
    Carrier,
    Category,
    Changes,
    Channel,
    Charges,
    Code,
    Compare,
    Contact,
    Counted,
    CountedAt,
    Countries,
    Customer,
    CustomerTags,
    DeliveredAt,
    Delta,
    DeliveryNote,
    Discount,
    Document,
    ExpectedVersion,
    ExpiresOn,
    ExternalRef,
    FailedAt,
    FixedRate,
    FromStore,
    Id,
    Ids,
    IdempotencyKey,
    Items,
    Kind,
    LineId,
    Lines,
    Lot,
    LotCode,
    /// Expiry of the lot that a line describes.
    LotExpiresOn,
    Lots,
    Matches,
    Method,
    Metadata,
    Movement,
    Name,
    Note,
    NoteForCustomer,
    NoteForStaff,
    OccurredAt,
    OnHand,
    OnShortage,
    OnUncounted,
    OpeningStock,
    Order,
    OrderId,
    OrderLine,
    OverPercent,
    Parcels,
    Parent,
    PaymentReference,
    Payments,
    PlacedAt,
    Product,
    ProductTags,
    Products,
    PurchaseOrderLine,
    Quantity,
    Reason,
    Reference,
    Refund,
    Register,
    Reservations,
    Return,
    Resourcing,
    ResourcingDestination,
    Service,
    SetLines,
    ShippingAddress,
    ShippingCountry,
    Sourcing,
    SourcingDestination,
    Status,
    Store,
    Supplier,
    Tags,
    TagsAdd,
    TagsRemove,
    Tax,
    TaxRate,
    To,
    ToStore,
    TotalAtLeast,
    TrackingNumber,
    TtlSeconds,
    UnderPercent,
    UnitCost,
    UnitCredit,
    UnitPrice,
    UnitPriceCurrency,
    ValidFrom,
    ValidTo,
    Weight,
    WrongItems,
}

/// A place in an input: a field, a row of a list, a part of a row, an item of a part, or a field of one of those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct At {
    /// False if no field of the input is meant: an argument besides the input, or a value that no
    /// caller sent.
    pub is_input: bool,
    /// A list and the index in it, from 0.
    pub row: Option<(Field, usize)>,
    /// A list in that row, and the index in it.
    pub part: Option<(Field, usize)>,
    /// A list in that part, and the index in it: half as wide as the others, since every refusal
    /// carries a place.
    pub item: Option<(Field, u32)>,
    pub field: Option<Field>,
}

impl At {
    pub const NOWHERE: Self = Self { is_input: false, row: None, part: None, item: None, field: None };
    /// The input as a whole.
    pub const INPUT: Self = Self { is_input: true, ..Self::NOWHERE };

    pub const fn input(field: Field) -> Self {
        Self { field: Some(field), ..Self::INPUT }
    }
    pub const fn row(list: Field, index: usize) -> Self {
        Self { row: Some((list, index)), ..Self::INPUT }
    }
    /// A list that is an argument besides the input.
    pub const fn argument(list: Field) -> Self {
        Self { field: Some(list), ..Self::NOWHERE }
    }
    /// A row of a list that is an argument besides the input.
    pub const fn argument_row(list: Field, index: usize) -> Self {
        Self { row: Some((list, index)), ..Self::NOWHERE }
    }
    pub const fn line(index: usize) -> Self {
        Self::row(Field::Lines, index)
    }
    /// A row of a list in this row.
    #[must_use]
    pub const fn part(self, list: Field, index: usize) -> Self {
        Self { part: Some((list, index)), item: None, field: None, ..self }
    }
    /// An item of a list in this part of a row.
    #[must_use]
    pub const fn item(self, list: Field, index: usize) -> Self {
        Self { item: Some((list, index as u32)), field: None, ..self }
    }
    /// Replaces the field of the place.
    #[must_use]
    pub const fn field(self, field: Field) -> Self {
        Self { field: Some(field), ..self }
    }
    /// Returns the field of the product in a row of levels; the place itself in other rows, where
    /// it is elsewhere or missing.
    #[must_use]
    pub const fn product(self) -> Self {
        if self.is_of_levels() { self.field(Field::Product) } else { self }
    }
    /// Returns the field of the store in a row of levels; the place itself in other rows.
    #[must_use]
    pub const fn store(self) -> Self {
        if self.is_of_levels() { self.field(Field::Store) } else { self }
    }
    const fn is_of_levels(self) -> bool {
        matches!(self.row, Some((Field::Changes | Field::Items, _))) && self.part.is_none()
    }
    /// Returns the place of a row's lot. Anything but a row (a whole document, a movement) has
    /// none: its own field stays.
    #[must_use]
    pub fn lot(self) -> Self {
        if self.row.is_some() { self.field(Field::Lot) } else { self }
    }
    /// Returns the place of a new lot's expiry: in the row that describes it, else in the input
    /// itself.
    #[must_use]
    pub fn expires_on(self) -> Self {
        if self.row.is_some() { self.field(Field::LotExpiresOn) } else { self.field(Field::ExpiresOn) }
    }
}
