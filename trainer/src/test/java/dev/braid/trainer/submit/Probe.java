package dev.braid.trainer.submit;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.trainer.spark.Coordinator;
import dev.braid.trainer.spark.Neighbours;
import dev.braid.trainer.spark.RankContext;
import dev.braid.trainer.spark.RankEvent;
import dev.braid.trainer.spark.RankFailedException;
import dev.braid.trainer.spark.RankFailure;
import dev.braid.trainer.spark.RankListener;
import dev.braid.trainer.spark.RankProgram;
import dev.braid.trainer.spark.SparkPlan;
import dev.braid.trainer.spark.SparkSettings;
import dev.braid.trainer.train.RankWorld;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.sql.SparkSession;

/** A program for {@link SubmitTest}: one rank tells who it is, and does what the argument says. */
public final class Probe {
    private Probe() {}

    public static void main(String[] arguments) throws InterruptedException {
        Mesh mesh = arguments[0].equals("together") ? Mesh.of(1, 2, 1) : Mesh.SINGLE;
        SparkPlan plan = SparkPlan.of(new SparkSettings("probe", Optional.empty(), mesh, Map.of()));
        System.out.println("driver " + ProcessHandle.current().pid());
        SparkSession session = plan.open();
        try {
            Coordinator coordinator = new Coordinator(session, plan.layout(), plan.limits());
            List<String> results = coordinator.run("probe", program(arguments[0]), new Printer(coordinator));
            System.out.println("results " + results);
        } catch (IllegalArgumentException fault) {
            System.out.println("user fault: " + fault.getMessage());
        } catch (RankFailedException failure) {
            System.out.println("failure: " + failure.getMessage());
        } finally {
            session.stop();
        }
    }

    private static RankProgram program(String kind) {
        return switch (kind) {
            case "stop" -> Probe::tellAndWaitForStop;
            case "die" -> Probe::dieThenFail;
            case "together" -> Probe::loseOneThenSum;
            default -> throw new IllegalArgumentException("no probe is called " + kind);
        };
    }

    private static String tellAndWaitForStop(RankContext context) {
        context.emit("{\"process\":" + ProcessHandle.current().pid() + "}");
        context.emit("{\"cores\":" + context.cores() + ",\"host\":\""
                + context.members().getFirst().host() + "\"}");
        context.emit("\"stop me\"");
        while (!context.stopRequested()) {
            LockSupport.parkNanos(1_000_000);
        }
        return "saved by rank " + context.rank() + " of " + context.ranks();
    }

    private static String dieThenFail(RankContext context) {
        if (context.attempt() == 0) {
            Runtime.getRuntime().halt(137);
        }
        context.emit("{\"attempt\":" + context.attempt() + "}");
        throw new IllegalArgumentException("model.dim: 7 is odd");
    }

    /** Sums over both ranks, again and again; in the first attempt rank 1 dies in the middle of it. */
    private static String loseOneThenSum(RankContext context) throws Exception {
        Neighbours neighbours = new Neighbours(context.members());
        CommunicationSettings settings = CommunicationSettings.of(context.runId(), context.attempt(), context.secret())
                .withReach(neighbours.reach());
        try (Memory memory = neighbours.memory(context.rank());
                RankWorld world =
                        RankWorld.join(context.rank(), context.mesh(), memory, settings, context::allGather)) {
            return world.run(() -> sum(context, world, memory) + " across JVMs, reach " + neighbours.reach());
        }
    }

    private static float sum(RankContext context, RankWorld world, Memory memory) {
        float[] mine = new float[1 << 16];
        Arrays.fill(mine, context.rank() + 1);
        Tensor tensor = memory.zeros(Category.GRADIENTS, DType.F32, Shape.of(mine.length));
        for (int i = 0; i < 10; i++) {
            tensor.setFloats(mine);
            if (context.attempt() == 0 && context.rank() == 1 && i == 5) {
                Runtime.getRuntime().halt(137);
            }
            world.groups().data().allReduce(tensor, ReduceOp.SUM).await();
        }
        return tensor.get(mine.length - 1);
    }

    private record Printer(Coordinator coordinator) implements RankListener {
        @Override
        public void event(RankEvent event) {
            System.out.println("event " + event.json());
            if (event.json().equals("\"stop me\"")) {
                coordinator.requestStop();
            }
        }

        @Override
        public void failure(RankFailure failure, boolean retried) {
            System.out.println((retried ? "starting again: " : "giving up: ") + failure.describe());
        }
    }
}
