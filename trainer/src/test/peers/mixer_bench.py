"""Times training steps of transformers' own CPU code for recurrent layers on random tokens.

usage: mixer_bench.py mamba2|gated_deltanet [--dtype f32|bf16] [--seq 1024] [--batch 4] [--steps 5]

The shapes are those of examples/bench-mixer.yaml with another mixer: width 512, two layers. mamba2 has no
feed-forward; gated_deltanet has attention in its second layer, for OLMo-Hybrid must have some.
"""
import argparse
import sys
import time

# Its kernels want a GPU; without it transformers takes its plain PyTorch code.
sys.modules["fla"] = None
import torch
from transformers import Mamba2Config, Mamba2ForCausalLM, OlmoHybridConfig, OlmoHybridForCausalLM

WIDTH, LAYERS, VOCABULARY = 512, 2, 1024

parser = argparse.ArgumentParser()
parser.add_argument("mixer", choices=["mamba2", "gated_deltanet"])
parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
parser.add_argument("--seq", type=int, default=1024)
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--steps", type=int, default=5)
options = parser.parse_args()


def model():
    if options.mixer == "mamba2":
        return Mamba2ForCausalLM(Mamba2Config(
            hidden_size=WIDTH, num_hidden_layers=LAYERS, vocab_size=VOCABULARY, num_heads=16, head_dim=64,
            state_size=64, n_groups=1, expand=2, tie_word_embeddings=True, chunk_size=256))
    return OlmoHybridForCausalLM(OlmoHybridConfig(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, vocab_size=VOCABULARY, intermediate_size=1408,
        num_attention_heads=8, layer_types=["linear_attention", "full_attention"], linear_num_key_heads=8,
        linear_num_value_heads=8, linear_key_head_dim=64, linear_value_head_dim=64, tie_word_embeddings=True,
        linear_allow_neg_eigval=False, pad_token_id=None, eos_token_id=None))


torch.manual_seed(0)
net = model()
net.train()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
seconds = []
for step in range(options.steps + 2):
    tokens = torch.randint(0, VOCABULARY, (options.batch, options.seq))
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
