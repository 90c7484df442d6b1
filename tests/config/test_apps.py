"""What the start of a process leaves behind."""

import gc


class TestStart:
    def test_ends_with_garbage_collected_again(self) -> None:
        assert gc.isenabled()  # `config/__init__.py` disables it while everything is imported
