"""The programs that the product is compared with, written as their supporters would."""
