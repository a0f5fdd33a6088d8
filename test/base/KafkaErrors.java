// Prints Kafka's table of errors, one per line: name, number, retriable. errors.jsonl beside this is what the newest
// kafka-clients jar said:
//   java -cp <kafka-clients.jar>:<slf4j-api.jar> KafkaErrors.java > errors.jsonl

import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

public class KafkaErrors {
  public static void main(String[] args) {
    for (Errors error : Errors.values())
      System.out.printf("[\"%s\",%d,%b]%n", error, error.code(), error.exception() instanceof RetriableException);
  }
}
