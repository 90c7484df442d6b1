"""The reactions to events of customers. None can fail another one or the command."""

from customers.reactions.create_default_profile import CreateDefaultProfile
from customers.reactions.send_welcome_email import SendWelcomeEmail
from customers.reactions.start_marketing_campaign import StartMarketingCampaign

REACTIONS = (SendWelcomeEmail(), CreateDefaultProfile(), StartMarketingCampaign())
