package dev.braid.trainer.huggingface;

import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tensors of a folder with those of its experts joined as transformers 5 has them in memory: gate above up of each expert. */
final class FusedExperts {
    private static final int EXPERTS = 5;

    private FusedExperts() {}

    static List<Entry> ofMixtral(Path file) throws IOException {
        List<Entry> entries = new ArrayList<>();
        Map<String, float[]> joined = new LinkedHashMap<>();
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            for (String name : tensors.tensors().keySet()) {
                if (name.contains(".experts.")) {
                    String layer = name.substring(0, name.indexOf("block_sparse_moe"));
                    joined.put(layer + "mlp.experts.gate_up_proj", new float[0]);
                    joined.put(layer + "mlp.experts.down_proj", new float[0]);
                } else {
                    String fused = name.replace("block_sparse_moe.gate", "mlp.gate");
                    entries.add(Entry.of(fused, tensors.tensor(name).shape(), tensors.floats(name)));
                }
            }
            for (String name : joined.keySet()) {
                String experts = name.substring(0, name.indexOf("mlp.")) + "block_sparse_moe.experts.";
                boolean wide = name.endsWith("gate_up_proj");
                List<String> parts = wide ? List.of("w1", "w3") : List.of("w2");
                List<Float> values = new ArrayList<>();
                Shape shape = tensors.tensor(experts + "0." + parts.getFirst() + ".weight")
                        .shape();
                for (int e = 0; e < EXPERTS; e++) {
                    for (String part : parts) {
                        for (float value : tensors.floats(experts + e + "." + part + ".weight")) {
                            values.add(value);
                        }
                    }
                }
                float[] all = new float[values.size()];
                for (int i = 0; i < all.length; i++) {
                    all[i] = values.get(i);
                }
                Shape extents = Shape.of(EXPERTS, shape.extent(0) * parts.size(), shape.extent(1));
                entries.add(Entry.of(name, extents, all));
            }
        }
        return entries;
    }
}
