"""Times training steps of transformers' Mixtral on random tokens.

usage: moe_bench.py [--dtype f32|bf16] [--seq 1024] [--batch 4] [--steps 5] [--experts-implementation NAME]

The shape is that of examples/bench-mixer.yaml with attention of eight heads and 16 experts of width 704, of which a token takes
two: two layers of width 512. Losses of the router are left out. Without a name the experts are computed as transformers chooses.
"""
import argparse
import time

import torch
from transformers import MixtralConfig, MixtralForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
parser.add_argument("--seq", type=int, default=1024)
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--experts-implementation")
options = parser.parse_args()

torch.manual_seed(0)
config = MixtralConfig(
    hidden_size=512, intermediate_size=704, num_hidden_layers=2, vocab_size=1024, num_attention_heads=8,
    num_key_value_heads=8, num_local_experts=16, num_experts_per_tok=2, tie_word_embeddings=True,
    max_position_embeddings=32768, output_router_logits=False)
if options.experts_implementation:
    config._experts_implementation = options.experts_implementation
net = MixtralForCausalLM(config)
net.train()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
seconds = []
for step in range(options.steps + 2):
    tokens = torch.randint(0, 1024, (options.batch, options.seq))
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=options.dtype == "bf16"):
        loss = net(tokens, labels=tokens, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    seconds.append(time.perf_counter() - start)
median = sorted(seconds[2:])[options.steps // 2]
print(f"tokens/s={options.batch * options.seq / median:.0f}")
