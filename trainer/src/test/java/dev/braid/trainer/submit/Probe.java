package dev.braid.trainer.submit;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.trainer.spark.Coordinator;
import dev.braid.trainer.spark.RankContext;
import dev.braid.trainer.spark.RankEvent;
import dev.braid.trainer.spark.RankFailedException;
import dev.braid.trainer.spark.RankFailure;
import dev.braid.trainer.spark.RankListener;
import dev.braid.trainer.spark.RankProgram;
import dev.braid.trainer.spark.SparkPlan;
import dev.braid.trainer.spark.SparkSettings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.sql.SparkSession;

/** A program for {@link SubmitTest}: one rank tells who it is, and does what the argument says. */
public final class Probe {
    private Probe() {}

    public static void main(String[] arguments) throws InterruptedException {
        SparkPlan plan = SparkPlan.of(new SparkSettings("probe", Optional.empty(), Mesh.SINGLE, Map.of()));
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
