import pytest

from customers.models import CustomerProfile
from tests.support.reacting import deployed, run
from tests.support.scenarios import customer

pytestmark = pytest.mark.django_db


class TestCreateDefaultProfile:
    def test_gives_each_new_customer_one_profile_with_the_defaults(self):
        reaction = deployed("create_default_profile")
        first, second = customer(), customer()
        assert run(reaction) == 2
        found = CustomerProfile.objects.values_list("customer_id", "language", "newsletter")
        assert set(found) == {(first, "en", False), (second, "en", False)}

    def test_leaves_a_profile_that_is_there_as_it_is(self):
        known = customer()
        CustomerProfile.objects.create(customer_id=known, language="fr", newsletter=True)
        assert run(deployed("create_default_profile")) == 1
        profile = CustomerProfile.objects.get()
        assert (profile.language, profile.newsletter) == ("fr", True)
