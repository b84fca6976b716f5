"""Customers in CRM, billing and ERP, their hierarchies and their tenants."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sample_data.clock import at
from sample_data.config import ENTITIES, ENTITY, FIRST_DAY, HIERARCHY_SHARE
from sample_data.world.state import Customer, World

FIRST_WORDS = [
    "Alder",
    "Amber",
    "Argent",
    "Aspen",
    "Birch",
    "Bolt",
    "Briar",
    "Cedar",
    "Cinder",
    "Cobalt",
    "Copper",
    "Coral",
    "Crest",
    "Dune",
    "Ember",
    "Fable",
    "Fern",
    "Flint",
    "Gable",
    "Garnet",
    "Glade",
    "Harbor",
    "Hazel",
    "Heron",
    "Indigo",
    "Iris",
    "Jasper",
    "Juniper",
    "Kestrel",
    "Lark",
    "Linden",
    "Lunar",
    "Maple",
    "Marble",
    "Mesa",
    "Nimbus",
    "Oak",
    "Onyx",
    "Opal",
    "Orchid",
    "Pearl",
    "Pine",
    "Quartz",
    "Raven",
    "Ridge",
    "Saffron",
    "Sierra",
    "Slate",
    "Sparrow",
    "Summit",
]
SECOND_WORDS = [
    "Analytics",
    "Bank",
    "Dynamics",
    "Foods",
    "Health",
    "Logistics",
    "Media",
    "Mobility",
    "Networks",
    "Robotics",
]
SUFFIX = {"US": "Inc", "GB": "Ltd", "DE": "GmbH", "JP": "KK", "BH": "WLL"}
DOMESTIC = {
    "US": ("US-S8875", "8.875"),
    "UK": ("GB-S20", "20"),
    "DE": ("DE-S19", "19"),
    "JP": ("JP-S10", "10"),
    "BH": ("BH-S10", "10"),
}
EXEMPT = {"US": "US-EX", "UK": "GB-Z", "DE": "DE-RC", "JP": "JP-X", "BH": "BH-Z"}
SHARES = [("US", 35), ("UK", 58), ("DE", 78), ("JP", 90), ("BH", 100)]  # cumulative percent


def _entity(world: World, number: int) -> str:
    draw = world.dice.between(0, 99, "entity", number)
    return next(code for code, upto in SHARES if draw < upto)


def _name(number: int, country: str) -> str:
    index = number - 1
    first, second = FIRST_WORDS[index % 50], SECOND_WORDS[index // 50 % 10]
    extra = f" {index // 500 + 1}" if index >= 500 else ""
    return f"{first} {second}{extra} {SUFFIX[country]}"


def _customer(world: World, number: int) -> Customer:
    dice, heads = world.dice, world.customer_count // HIERARCHY_SHARE
    parent = None
    if heads < number <= heads * 4:  # each head has three members at most, itself an own customer
        parent = (number - 1) % heads + 1 if dice.chance(70, "child", number) or number <= heads * 2 else None
    code = world.notes["entity"].get(parent) if parent else None
    code = code or world.notes["entity"].get(number) or _entity(world, number)
    world.notes["entity"][number] = code
    entity = ENTITY[code]
    foreign = dice.chance(18, "foreign", number)
    currency = dice.pick(entity.foreign, "currency", number) if foreign else entity.currency
    exempt = foreign or dice.chance(25, "exempt", number)
    tax_code, rate = (EXEMPT[code], "0") if exempt else DOMESTIC[code]
    country = entity.country
    by_card = dice.chance(55, "card", number)
    return Customer(
        number=number,
        name=_name(number, country),
        entity=code,
        currency=currency,
        country=country,
        tax_id=None if dice.chance(5, "taxid", number) else f"{country}{730000000 + number * 1237}",
        email=f"billing{number:04d}@example.com",
        terms_days=dice.pick((14, 30), "cardterms", number) if by_card else dice.pick((30, 30, 45), "terms", number),
        tax_code=tax_code,
        tax_rate=Decimal(rate),
        pays_by_card=by_card,
        parent=parent,
        created_at=at(FIRST_DAY - timedelta(days=dice.between(1, 60, "created", number)), 9),
    )


def land(world: World, c: Customer, name: str | None = None, changed_at: datetime | None = None) -> None:
    """The customer's row in each of the four systems."""
    parent = world.customers[c.parent - 1] if c.parent else None
    when, name = changed_at or c.created_at, name or c.name
    shared = {
        "name": name,
        "legal_entity_code": c.entity,
        "country": c.country,
        "tax_id": c.tax_id,
        "currency": c.currency,
        "payment_terms_days": c.terms_days,
    }
    world.add(
        "crm.accounts",
        account_id=c.account_id,
        parent_account_id=parent and parent.account_id,
        **shared,
        segment="enterprise" if c.number % 7 == 0 else "mid-market",
        status="active",
        updated_at=when,
    )
    world.add(
        "billing.customers",
        customer_id=c.customer_id,
        crm_account_id=c.account_id,
        parent_customer_id=parent and parent.customer_id,
        email=c.email,
        created_at=c.created_at,
        updated_at=when + timedelta(minutes=20),
        **shared,
    )
    world.add(
        "erp.customers",
        erp_customer_id=c.erp_id,
        billing_customer_id=c.customer_id,
        parent_erp_customer_id=parent and parent.erp_id,
        updated_at=when + timedelta(minutes=50),
        **shared,
    )
    world.add(
        "product.tenants",
        tenant_id=c.tenant_id,
        billing_customer_id=c.customer_id,
        name=name,
        region=c.country.lower() + "-1",
        is_test=False,
        created_at=c.created_at,
        updated_at=when + timedelta(minutes=30),
    )


def _renamed(world: World, c: Customer) -> None:
    """A new name, taken over by every system within the hour; the old one stays in their history."""
    land(world, c, name="Formerly " + c.name)
    land(world, c, changed_at=at(date(2026, 4, 20), 9))
    world.decoy("a renamed customer", "R36", f"{c.account_id}|name")


def test_tenants(world: World) -> None:
    for entity in ENTITIES:
        when = at(FIRST_DAY, 9)
        world.add(
            "product.tenants",
            tenant_id=f"TEST-{entity.code}",
            billing_customer_id=None,
            name=f"Test bench {entity.code}",
            region="lab-1",
            is_test=True,
            created_at=when,
            updated_at=when,
        )


def build(world: World) -> None:
    world.notes["entity"][world.customer_count - 5] = "UK"  # its last bill is cut late in the evening, UTC
    for number in range(1, world.customer_count + 1):
        world.customers.append(_customer(world, number))


def land_all(world: World) -> None:
    for customer in world.customers:
        if customer.number == world.customer_count - 6:
            _renamed(world, customer)
        else:
            land(world, customer)
    test_tenants(world)
