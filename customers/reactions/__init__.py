"""What else happens when something happened to a customer: three effects, none of which can fail
another or the write."""

from customers.reactions.create_default_profile import CreateDefaultProfile
from customers.reactions.send_welcome_email import SendWelcomeEmail
from customers.reactions.start_marketing_campaign import StartMarketingCampaign

REACTIONS = (SendWelcomeEmail(), CreateDefaultProfile(), StartMarketingCampaign())
