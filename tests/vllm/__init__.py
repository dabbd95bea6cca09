"""The vllm engine on the real vLLM; run by ``make test-vllm`` in an environment of its own."""
