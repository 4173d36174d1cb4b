"""What is stored in English stands under the bell in French; what a person wrote stays."""

import pytest

from core.approvals import asking
from core.notifications.french import in_french


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("Lead: your approval is asked for", "Lead : votre approbation est demandée"),
        ("Reminder: Lead: your approval is asked for", "Rappel : Lead : votre approbation est demandée"),
        ("Lead: the step send waits for your approval", "Lead : l’étape send attend votre approbation"),
        ("Lead keeps failing", "Lead échoue sans cesse"),
        ("Lead was switched off", "Lead a été désactivée"),
        ("The last 3 runs of Lead failed. The newest error: no\nroute", "Dernière erreur : no\nroute"),
        ("Bonjour", "Bonjour"),
    ],
)
def test_in_french(stored: str, told: str) -> None:
    assert in_french(stored) == told


def test_every_question_has_its_french() -> None:
    for title in asking._TITLES.values():
        made = title.format(name="Lead", step="send")
        assert in_french(made) != made
