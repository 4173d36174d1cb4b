"""An action and a connection kind from outside: a package that somebody installed beside Vutler."""

import json
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.connection import ConnectionFields, Http, HttpConnection, Lender
from blocks.errors import InvalidInput
from blocks.outcomes import Done
from blocks.values import Json


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Address(Part):
    street: str = Field(min_length=1, description="With the number of the house.")
    city: str = Field(min_length=1)
    country: Literal["CH", "FR", "DE"] = Field(
        default="CH", json_schema_extra={"labels": {"CH": "Switzerland", "FR": "France", "DE": "Germany"}}
    )


class Recipient(Part):
    name: str = Field(min_length=1, description="As it stands at the door.")
    address: Address


class Item(Part):
    article: str = Field(min_length=1)
    count: int = Field(default=1, ge=1, le=99)


class ToTheDoor(Part):
    by: Literal["door"] = "door"
    floor: int | None = Field(default=None, ge=0, le=200)


class ToAShop(Part):
    by: Literal["shop"] = "shop"
    shop: str = Field(min_length=1, description="The number of the shop.")


class ParcelInput(StepModel):
    connection: str = Field(
        min_length=1,
        description="The account with the parcel service.",
        json_schema_extra={"format": "connection", "purpose": "parcels"},
    )
    service: str = Field(min_length=1, max_length=2048, description="Address of the parcel service.")
    recipient: Recipient
    items: list[Item] = Field(min_length=1, max_length=20, description="What is in the parcel.")
    delivery: Annotated[ToTheDoor | ToAShop, Field(discriminator="by")]
    speed: Literal["normal", "express"] = "normal"
    marks: list[Literal["fragile", "cold", "heavy"]] = Field(default_factory=list)
    pin: SecretStr | None = Field(default=None, min_length=4, max_length=8, description="What opens the locker.")
    references: dict[str, str] = Field(default_factory=dict, json_schema_extra={"advanced": True})


class ParcelOutput(StepModel):
    status: int
    sent: dict[str, JsonValue]


class Parcel(Action[ParcelInput]):
    name = "parcel"
    title: ClassVar[dict[str, str]] = {"en": "Send a parcel", "fr": "Envoyer un colis"}
    description: ClassVar[dict[str, str]] = {
        "en": "Hands a parcel to the parcel service.",
        "fr": "Confie un colis au service de colis.",
    }
    Input = ParcelInput
    Output = ParcelOutput
    connection = "parcels"
    example: ClassVar[dict[str, Json]] = {
        "connection": "our-parcels",
        "service": "https://parcels.example.com/send",
        "recipient": {"name": "{{ trigger.data.name }}", "address": {"street": "Weg 1", "city": "Bern"}},
        "items": [{"article": "A-1"}],
        "delivery": {"by": "door"},
    }

    def effect(self, given: ParcelInput) -> Effect:
        return Effect.UNSAFE

    async def run(self, given: ParcelInput, context: ActionContext) -> Done:
        way = await context.connected(given.connection)
        sent = given.model_dump(mode="json", exclude={"connection", "service", "pin"}, exclude_none=True)
        answer = await way.request(
            "POST",
            given.service,
            headers={"Content-Type": "application/json"},
            content=json.dumps(sent).encode(),
            timeout_s=context.timeout_s,
        )
        if answer.status >= 400:
            raise InvalidInput("parcel_refused", f"The parcel service answered with status {answer.status}.")
        return Done({"status": answer.status, "sent": sent})


class ParcelFields(ConnectionFields):
    customer: str = Field(min_length=1, description="The number on your invoice.")
    region: Literal["north", "south"] = "north"
    key: SecretStr = Field(min_length=8, max_length=200, title="Access key")


class ParcelAccount(HttpConnection[ParcelFields]):
    name = "parcel_account"
    purpose = "parcels"
    title: ClassVar[dict[str, str]] = {"en": "Parcel service", "fr": "Service de colis"}
    description: ClassVar[dict[str, str]] = {
        "en": "Your account with the parcel service.",
        "fr": "Votre compte auprès du service de colis.",
    }
    Fields = ParcelFields
    example: ClassVar[dict[str, Json]] = {"customer": "C-17", "region": "north", "key": "the access key"}

    async def sign(self, fields: ParcelFields, lender: Lender) -> dict[str, str]:
        return {"X-Customer": fields.customer, "X-Access-Key": fields.revealed("key")}

    async def test(self, fields: ParcelFields, http: Http, lender: Lender) -> str:
        raise InvalidInput("connection_not_testable", "The parcel service can't be asked.")
