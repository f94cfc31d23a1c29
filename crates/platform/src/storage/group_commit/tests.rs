//! Heavy commands beside small ones, with a batcher that needs no database.

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::*;

/// A command of so many lines, which is answered when it is done.
struct Asked {
    lines: usize,
    reply: oneshot::Sender<()>,
}

/// Has nothing to write of what is planned, and runs the rest as often as it is allowed to.
struct Gate {
    began: mpsc::UnboundedSender<(TenantId, Vec<usize>)>,
    allowed: Arc<Semaphore>,
}

#[async_trait]
impl Batcher for Gate {
    type Command = Asked;
    type Speculative = ();

    fn weight(asked: &Asked) -> usize {
        asked.lines
    }
    async fn plan(&self, (): &mut (), batches: &mut [Batch<Asked>]) -> Plan {
        Plan { unchanged: batches.iter().map(|batch| batch.tenant).collect(), ..Plan::default() }
    }
    async fn write(&self, _: Prepared) -> Result<Written, Fault> {
        Err(Fault::Broken("nothing was planned that is written".to_owned()))
    }
    fn forget((): &mut (), _: TenantId) {}
    async fn run(&self, tenant: TenantId, commands: &mut [Asked]) -> Result<(), Fault> {
        let _ = self.began.send((tenant, commands.iter().map(|asked| asked.lines).collect()));
        self.allowed.acquire().await.map_err(|_| Fault::ShuttingDown)?.forget();
        Ok(())
    }
    fn answer(&self, asked: Asked, _: Result<(), Fault>) {
        let _ = asked.reply.send(());
    }
}

/// One lane, what it has begun to run, and how it is allowed to go on.
struct Scene {
    lanes: GroupCommit<Gate>,
    runs: mpsc::UnboundedReceiver<(TenantId, Vec<usize>)>,
    allowed: Arc<Semaphore>,
}

/// The lines of a command that is heavy.
const HEAVY: usize = 500;

fn tenant(n: u128) -> TenantId {
    TenantId::from_uuid(uuid::Uuid::from_u128(n))
}

impl Scene {
    fn begin(patience: Option<Duration>) -> Self {
        let ((began, runs), allowed) = (mpsc::unbounded_channel(), Arc::new(Semaphore::new(0)));
        let gate = Gate { began, allowed: allowed.clone() };
        let lanes = GroupCommit::start(gate, Lanes { count: 1, patience }, Grouping::Together).unwrap();
        Self { lanes, runs, allowed }
    }
    fn ask(&self, n: u128, lines: usize) -> oneshot::Receiver<()> {
        let (reply, answer) = oneshot::channel();
        self.lanes.submit(tenant(n), Asked { lines, reply });
        answer
    }
    /// Who runs next, with which lines.
    async fn next(&mut self) -> (TenantId, Vec<usize>) {
        self.runs.recv().await.unwrap()
    }
}

#[tokio::test]
async fn small_commands_are_answered_while_anothers_heavy_ones_stand_in_line() {
    let mut scene = Scene::begin(Some(PATIENCE));
    let mut heavy: Vec<_> = (0..8).map(|_| scene.ask(1, HEAVY)).collect();
    assert_eq!(scene.next().await, (tenant(1), vec![HEAVY]), "one at a time");
    for _ in 0..3 {
        scene.ask(2, 1).await.unwrap();
    }
    heavy.push(scene.ask(3, HEAVY));
    assert_eq!(scene.next().await, (tenant(3), vec![HEAVY]), "another tenant's beside it");
    heavy.push(scene.ask(4, HEAVY));
    scene.ask(2, 1).await.unwrap();
    assert!(scene.runs.try_recv().is_err(), "a third one stands in line");
    scene.allowed.add_permits(heavy.len());
    for answer in heavy {
        answer.await.unwrap();
    }
    let mut rest = Vec::new();
    while let Ok(run) = scene.runs.try_recv() {
        rest.push(run);
    }
    assert!(rest.len() == 8 && rest.iter().all(|(_, lines)| *lines == [HEAVY]), "{rest:?}");
    scene.ask(1, 1).await.unwrap();
}

#[tokio::test]
async fn with_one_writer_others_have_their_turn_after_each_heavy_command() {
    let mut scene = Scene::begin(None);
    let heavy: Vec<_> = (0..8).map(|_| scene.ask(1, HEAVY)).collect();
    for _ in 0..4 {
        assert_eq!(scene.next().await, (tenant(1), vec![HEAVY]));
        let small = scene.ask(2, 1);
        scene.allowed.add_permits(1);
        small.await.unwrap();
    }
    scene.allowed.add_permits(heavy.len());
    for answer in heavy {
        answer.await.unwrap();
    }
}
